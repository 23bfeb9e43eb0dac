# Made from registry/service.Dockerfile by `npm run services`.
#
# The image of {{service}}, with its migrations and the operators' commands. Built from the repository's root:
#
#   docker build -f {{service}}/Dockerfile -t {{service}} .
#   docker run --rm -e … {{service}} node {{service}}/src/migrate.ts up
#   docker run --rm -e … {{service}} node operator/src/cli.ts dead-letters list
#
# It runs TypeScript as it is (docs/adr/0002), so nothing is built: it takes the packages that package-lock.json names, and
# the sources. Settings come from the environment when it starts; no secret is needed, or kept, while it is built.
ARG NODE_IMAGE=node:24.21.0-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
# npm needs every workspace's package.json to read the lock file, and installs for those that are named. A change of our own
# sources leaves this layer as it is.
COPY package.json package-lock.json ./
{{workspaces}}
# Without optional packages: the only ones are the Node of `npm start` and what no server uses. Type declarations, maps
# and browsers' bundles are of no use to a process.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
      --workspace=chassis --workspace=operator --workspace={{service}} \
 && find node_modules -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' \) -delete

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
# All of it belongs to root and is read-only for the process; it writes nothing, so a read-only root does.
COPY --from=packages /app/node_modules node_modules
COPY package.json services.ts ./
COPY chassis chassis
COPY clients/typescript clients/typescript
COPY operator operator
COPY {{service}} {{service}}
# A volume that is mounted here takes this owner: `clients` writes the keys that it makes there.
RUN install -d -m 0700 -o node -g node /clients
USER node
EXPOSE 3000
# 503 while starting and while draining; it says nothing about the database.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["node", "-e", \
  "http.get(`http://127.0.0.1:${process.env.PORT || 3000}/health/ready`, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# Node is process 1 and handles SIGTERM itself (chassis/src/service/lifecycle.ts). The limits of the heap are those of the
# start script in package.json, and fit a container of 384 MB.
CMD {{command}}

# Last, because they change with every commit.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="{{service}}" \
      org.opencontainers.image.description="Orders and stock, exactly once: {{service}}, its migrations and the operators' commands" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
