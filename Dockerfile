# docker build -t farthing .   from a clean clone; k8s/ starts what it makes. Runs in production mode: docs/configuration.md.

FROM node:22-bookworm-slim AS node

FROM eclipse-temurin:25-jdk AS build
RUN apt-get update && apt-get install -y --no-install-recommends maven && rm -rf /var/lib/apt/lists/*
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /source
COPY . .
RUN MAVEN_OPTS="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow" \
  mvn -B -q package -Dmaven.test.skip=true -Dformatter.skip=true -Dimpsort.skip=true

FROM eclipse-temurin:25-jre AS base
RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --home-dir /farthing --no-create-home farthing \
  && mkdir -p /farthing/data /farthing/blobs && chown 10001:10001 /farthing /farthing/data /farthing/blobs
WORKDIR /farthing
COPY --from=build /source/src/main/native/node_modules/@node-llama-cpp src/main/native/node_modules/@node-llama-cpp
COPY --from=build /source/target/quarkus-app app
COPY --from=build /source/src/main/jvm/server.options server.options

# Start-up, rehearsed with a trial's PostgreSQL and chain by the JVM and in the place of the later servers.
FROM base AS rehearsal
COPY --from=build /source/src/main/native/node_modules/@foundry-rs src/main/native/node_modules/@foundry-rs
COPY --from=build /source/target/seed target/seed
COPY --from=build /source/src/main/image/rehearse /rehearse
USER 10001:10001
RUN /rehearse farthing.aot

FROM base
COPY --from=rehearsal /farthing/farthing.aot farthing.aot
COPY --from=build /source/src/main/image/farthing /usr/local/bin/farthing
COPY --from=build /source/LICENSE /source/NOTICE ./
ENV FARTHING_MODE=production FARTHING_HOST=0.0.0.0 FARTHING_PORT=8080 FARTHING_DATA=/farthing/data
USER 10001:10001
VOLUME ["/farthing/data", "/farthing/blobs"]
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
ENTRYPOINT ["farthing"]
CMD ["run"]
