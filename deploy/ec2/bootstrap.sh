#!/usr/bin/env bash
# Prepares a new Debian 13 or Ubuntu 22.04 / 24.04 host for deploy.sh. A second run changes only what differs.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage, from your own machine, as a user who may use sudo on the new host:

  ssh admin@HOST sudo bash -s -- --domain orders.example.com --key "'$(cat deploy_key.pub)'" < deploy/ec2/bootstrap.sh

  --domain NAME   the host name for clients; its certificate is installed later
  --key KEY       the public key that deploy.sh logs in with, as user deploy
  --skip PART     skip swap, firewall or upgrades (may be given several times)

Installs Docker with Compose v2 from the distribution, and sets up the user deploy, 2 GB of swap, a firewall for 22, 80 and 443,
unattended security upgrades, and /opt/orders with settings according to the machine's memory.
HELP
}

fail() {
  echo "Error: $*" >&2
  exit 1
}

domain='' key='' skipped=' '
while (($# > 0)); do
  case $1 in
    --domain) domain=${2:-} ;;
    --key) key=${2:-} ;;
    --skip) skipped+="${2:-} " ;;
    -h | --help)
      usage
      exit
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
  shift $(($# > 1 ? 2 : 1))
done
readonly home=/opt/orders

[[ $domain =~ ^[a-z0-9.-]+\.[a-z]+$ ]] || fail "--domain takes the host name for clients, such as orders.example.com"
[[ $key =~ ^(ssh-|ecdsa-|sk-)[^\ ]+\ [^\ ]+ ]] || fail "--key takes a line of a .pub file"
((EUID == 0)) || fail "Must be run as root: use sudo."
command -v apt-get >/dev/null || fail "This is neither Debian nor Ubuntu."
wanted() { [[ $skipped != *" $1 "* ]]; }
step() { echo "- $*"; }

install_packages() {
  step "packages"
  local packages=(docker.io curl openssl ca-certificates) compose
  ! wanted firewall || packages+=(ufw)
  ! wanted upgrades || packages+=(unattended-upgrades)
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # A separate package in Debian 13, a part of docker.io elsewhere.
  ! apt-cache show docker-cli >/dev/null 2>&1 || packages+=(docker-cli)
  # Compose v2 is called docker-compose-v2 in Ubuntu and docker-compose in Debian, where version 1 had that name before 13.
  for compose in docker-compose-v2 docker-compose; do
    [[ $(apt-cache policy "$compose" | sed -n 's/^ *Candidate: //p') != 2.* ]] || break
    [[ $compose == docker-compose-v2 ]] || fail "This release has no Docker Compose v2. Use Debian 13 or Ubuntu 22.04 or later."
  done
  apt-get install -y -qq --no-install-recommends "${packages[@]}" "$compose" >/dev/null
}

make_user() {
  step "user deploy"
  id deploy >/dev/null 2>&1 || useradd --create-home --shell /bin/bash deploy
  # Access to the engine is equivalent to root: protect this key like root's.
  usermod --append --groups docker deploy
  install -d -m 0700 -o deploy -g deploy /home/deploy/.ssh
  local keys=/home/deploy/.ssh/authorized_keys
  grep -qsxF "$key" "$keys" || echo "$key" >>"$keys"
  chown deploy:deploy "$keys"
  chmod 0600 "$keys"
}

# The sizes of PostgreSQL and the limits depend on the machine. Manual changes are kept.
make_home() {
  step "$home"
  # Only deploy has access to the folder. The files in it are readable, because containers read them as other users.
  install -d -m 0700 -o deploy -g deploy "$home"
  install -d -m 0755 -o deploy -g deploy "$home/releases" "$home/tls" "$home/logs"
  # The clients' keys.
  install -d -m 0700 -o deploy -g deploy "$home/clients"
  [[ -e $home/host.env ]] && return
  local memory
  memory=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024))
  ((memory >= 3500)) || echo "  Note: $memory MB of memory are not enough for this system; the minimum is 4 GB."
  # A fifth for each database, a quarter of which is its shared buffers.
  local database=$((memory / 5))
  cat >"$home/host.env" <<SETTINGS
# Settings of this host: read by Compose and by bash. Changes apply with the next deploy, those of databases and broker
# with deploy.sh --infrastructure.
DOMAIN=$domain
DB_MEMORY=${database}m
DB_SHARED_BUFFERS=$((database / 4))MB
DB_EFFECTIVE_CACHE=$((database / 2))MB
DB_MAINTENANCE_MEM=$((database / 16))MB
RABBITMQ_MEMORY=$((memory / 6 > 512 ? memory / 6 : 512))m
RATE_LIMIT_PER_MINUTE=60000
# Uncomment for Prometheus, Alertmanager and Grafana on this host.
#COMPOSE_PROFILES=monitoring
SETTINGS
  chown deploy:deploy "$home/host.env"
}

make_swap() {
  step "swap"
  [[ $(swapon --noheadings --show) ]] && return
  fallocate -l 2G /swapfile
  chmod 0600 /swapfile
  mkswap /swapfile >/dev/null
  swapon /swapfile
  grep -q '^/swapfile ' /etc/fstab || echo '/swapfile none swap sw 0 0' >>/etc/fstab
}

# Docker's published ports bypass ufw: internal ones are bound to 127.0.0.1 (docker-compose.prod.yml).
make_firewall() {
  step "firewall"
  local port
  for port in 22 80 443; do ufw allow "$port/tcp" >/dev/null; done
  ufw default deny incoming >/dev/null
  ufw --force enable >/dev/null
}

make_upgrades() {
  step "unattended upgrades"
  # Only security fixes, and no automatic reboot, because a reboot does not drain processes.
  printf 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n' >/etc/apt/apt.conf.d/20auto-upgrades
}

install_packages
make_user
make_home
! wanted swap || make_swap
! wanted firewall || make_firewall
! wanted upgrades || make_upgrades
cat <<DONE
This host is ready. Next, as user deploy (deploy/ec2/README.md, "First deploy"):
  its secrets      ssh deploy@HOST bash -s create < deploy/ec2/secrets.sh
  its certificate  $home/tls/fullchain.pem and $home/tls/privkey.pem
DONE
