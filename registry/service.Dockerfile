# Generated from registry/service.Dockerfile by `npm run services`.
#
# The image of {{service}}, with its migrations and the operators' commands. Built from the repository's root:
#
#   docker build -f {{service}}/Dockerfile -t {{service}} .
#   docker run --rm -e … {{service}} node {{service}}/src/migrate.ts up
#   docker run --rm -e … {{service}} node operator/src/cli.ts dead-letters list
#
# Node.js runs the TypeScript sources directly (docs/adr/0002), so there is no build step: the image has the packages of
# package-lock.json and the sources. Settings are read from the environment at startup; the build needs no secrets.
ARG NODE_IMAGE=node:24.21.0-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
# npm needs the package.json of all workspaces to read the lock file, and installs the packages of the named ones. A change
# of our sources does not invalidate this layer.
COPY package.json package-lock.json ./
{{workspaces}}
# Optional packages are omitted: they are the Node.js of `npm start` and packages that no server uses. Type declarations
# and source maps are not needed at run time.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
      --workspace=chassis --workspace=operator --workspace={{service}} \
 && find node_modules -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' \) -delete

FROM ${NODE_IMAGE}
# Memory of a MiB or more goes back to the system when it is freed. By default glibc keeps that of password hashes, 19 MiB for each
# of Node's threads.
ENV NODE_ENV=production MALLOC_MMAP_THRESHOLD_=1048576
WORKDIR /app
# All files belong to root. The process writes none, so the root file system may be read-only.
COPY --from=packages /app/node_modules node_modules
COPY package.json services.ts ./
COPY chassis chassis
COPY clients/typescript clients/typescript
COPY operator operator
COPY {{service}} {{service}}
# A volume mounted here gets this owner. `clients` writes new keys to it.
RUN install -d -m 0700 -o node -g node /clients
USER node
EXPOSE 3000
# 503 during startup and draining; does not depend on the database.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["node", "-e", \
  "http.get(`http://127.0.0.1:${process.env.PORT || 3000}/health/ready`, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# Node.js is process 1 and handles SIGTERM itself (chassis/src/service/lifecycle.ts). The heap limits are those of the start
# script in package.json, for a container of 384 MB.
CMD {{command}}

# Last, because they change with every commit.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="{{service}}" \
      org.opencontainers.image.description="Orders and stock, exactly once: {{service}}, its migrations and the operators' commands" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
