# One image for each service, over one shared layer of dependencies.
#   docker build --target chat-proc -t switchyard/chat-proc .
# Written for the classic builder too: no BuildKit syntax.
# The version of package.json, to the letter: what Node's permission model allows a bundle's process changes between minor
# versions (26.12 takes a process its sockets on descriptors above 2).
ARG NODE_IMAGE=node:26.10.0-bookworm-slim
# What the Node image is made from. The services need the node binary and nothing else of that image: without npm, its
# headers and its documentation an image holds 223 MB beside its base (Node 150, dependencies 70).
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${NODE_IMAGE} AS node
WORKDIR /app

# What decides which packages are installed, and nothing else: a change of code leaves the layers below untouched.
FROM node AS manifests
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete && find . -type d -empty -delete

FROM node AS dependencies
COPY --from=manifests /app ./
# npm installs the development packages of a workspace that is named with -w even with --omit=dev, so they are taken out of
# the manifests, and so are the optional ones of the repository, the Node binaries for laptops (143 MB): the image has Node already.
# Optional ones of packages stay: the native half of Vite, which builds widgets, is one.
RUN node -e "const fs = require('fs'); \
    for (const file of ['package.json', ...fs.globSync('*/*/package.json')]) { \
      const { devDependencies, optionalDependencies, ...manifest } = JSON.parse(fs.readFileSync(file, 'utf8')); \
      fs.writeFileSync(file, JSON.stringify(manifest)); }" \
 && npm ci --ignore-scripts --omit=peer --no-audit --no-fund --loglevel=error \
      -w services/web-proxy -w services/chat-ingress -w services/chat-proc -w services/web-ui -w services/secrets \
      -w services/proxylogin -w services/exec \
 && find . -path '*/node_modules/*' -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' \) -delete \
 && find . -name package.json ! -path '*/node_modules/*' -delete && rm -f package-lock.json .npmrc && find . -type d -empty -delete

# The one part that is built: browsers cannot run TypeScript.
FROM node AS page
COPY --from=manifests /app ./
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error -w services/web-ui
COPY tsconfig.json tsconfig.base.json ./
COPY packages/protocol packages/protocol
COPY packages/client packages/client
COPY services/web-ui services/web-ui
RUN cd services/web-ui && node ../../node_modules/vite/bin/vite.js build --logLevel warn

# Bundles have no node_modules where they run: those that use packages pack them into a file of their own. The documentation is made
# into the site that its bundle publishes.
FROM node AS bundles
COPY --from=manifests /app ./
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error -w bundles/assistant -w bundles/docs-site
COPY bundles bundles
COPY docs docs
RUN npm run build -w bundles/assistant -w bundles/docs-site

FROM ${BASE_IMAGE} AS runtime
RUN (command -v tini && ldconfig -p | grep -q libatomic.so.1) >/dev/null \
 || (apt-get update -qq && apt-get install -y -qq --no-install-recommends tini libatomic1 >/dev/null && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/*)
RUN groupadd -g 10001 switchyard && useradd -u 10001 -g 10001 -M -d /nonexistent -s /usr/sbin/nologin switchyard \
 && install -d -o switchyard -g switchyard /data /data/files /data/bundles
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY deploy/healthcheck /usr/local/bin/healthcheck
WORKDIR /app
COPY --from=dependencies /app ./
COPY packages packages
ENV NODE_ENV=production HOST=0.0.0.0
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--"]
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=4 CMD ["healthcheck"]

FROM runtime AS web-proxy
COPY services/web-proxy services/web-proxy
ENV PORT=8080 SITES_PORT=8081
EXPOSE 8080 8081
CMD ["node", "services/web-proxy/src/main.ts"]

FROM runtime AS chat-ingress
COPY services/chat-ingress services/chat-ingress
COPY deploy/access.ts deploy/access.ts
ENV PORT=8010 BLOB_DIR=/data/files
EXPOSE 8010
CMD ["node", "services/chat-ingress/src/main.ts"]

FROM runtime AS chat-proc
# Predictors in Python and what holds them. python3-minimal would not do: it has neither asyncio nor http.
USER root
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 bubblewrap >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/* /usr/share/doc/*
USER 10001:10001
COPY services/chat-proc services/chat-proc
COPY --from=bundles /app/bundles bundles
COPY docs docs
# Room for what a call has in hand, so that it dies young (docs/decisions/0074). Only of chat-proc: its hosts get none of its environment.
ENV NODE_OPTIONS=--max-semi-space-size=64
# Hosts write to the container's own /tmp: the root is read-only, and a volume could be shared with another worker.
ENV PORT=8020 BLOB_DIR=/data/files BUNDLE_STORE_DIR=/data/bundles RUNNER_WORK_DIR=/tmp/hosts BUNDLES_DIR=/app/bundles DOCS_DIR=/app/docs
EXPOSE 8020
CMD ["node", "services/chat-proc/src/main.ts"]

FROM runtime AS secrets
COPY services/secrets services/secrets
ENV PORT=7777
EXPOSE 7777
CMD ["node", "services/secrets/src/main.ts"]

FROM runtime AS exec
# What holds programs, and what they are written in. The same image serves as that of containers (EXEC_IMAGE).
USER root
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 bubblewrap >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/* /usr/share/doc/*
USER 10001:10001
COPY services/exec services/exec
ENV PORT=8050
EXPOSE 8050
CMD ["node", "services/exec/src/main.ts"]

FROM runtime AS proxylogin
COPY services/proxylogin services/proxylogin
ENV PORT=8040
EXPOSE 8040
CMD ["node", "services/proxylogin/src/main.ts"]

FROM runtime AS web-ui
COPY services/web-ui/package.json services/web-ui/package.json
COPY services/web-ui/src services/web-ui/src
COPY --from=page /app/services/web-ui/dist services/web-ui/dist
ENV PORT=8030
EXPOSE 8030
CMD ["node", "services/web-ui/src/server/main.ts"]
