# Generated from registry/pages.Dockerfile by `npm run services`.
#
# The image of the pages: the bundle, and the server of its files. Built from the repository's root:
#
#   docker build -f web/Dockerfile -t web .
ARG NODE_IMAGE=node:24.21.0-slim

FROM ${NODE_IMAGE} AS bundle
WORKDIR /app
COPY package.json package-lock.json ./
{{workspaces}}
# With optional packages, because the compiler's binaries are such.
RUN npm ci --ignore-scripts --no-audit --no-fund --workspace=web --workspace=clients/typescript
COPY tsconfig.json ./
COPY clients/typescript clients/typescript
COPY web web
RUN node web/build.ts /bundle

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
{{workspaces}}
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --workspace=web/server

FROM ${NODE_IMAGE}
ENV NODE_ENV=production BUNDLE=/app/bundle
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY web/server web/server
COPY --from=bundle /bundle bundle
USER node
EXPOSE 3000
# 503 while draining.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["node", "-e", \
  "http.get(`http://127.0.0.1:${process.env.PORT || 3000}/health/ready`, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD {{command}}

# Last, because they change with every commit.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="web" \
      org.opencontainers.image.description="Orders and stock, exactly once: the pages for people" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
