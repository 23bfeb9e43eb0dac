# Sets the variables of kong.yml from the secrets. Sourced by sh.
# shellcheck shell=sh
for name in gateway_token gateway_keyless_token storefront_key other_storefront_key backoffice_key operations_key; do
  value=$(cat "/run/secrets/$name")
  # Kong would accept an empty token, and clients could set their own.
  [ -n "$value" ] || { echo "/run/secrets/$name is empty" >&2; exit 1; }
  export "DECK_$(echo "$name" | tr '[:lower:]' '[:upper:]')=$value"
done
