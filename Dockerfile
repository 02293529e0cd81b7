# Packs what `./farthing run` has built, so build first. Runs in production mode: docs/configuration.md says what it needs.
FROM eclipse-temurin:25-jre
RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --home-dir /farthing --no-create-home farthing \
  && mkdir -p /farthing/data && chown 10001:10001 /farthing/data
WORKDIR /farthing
COPY src/main/native/node_modules/@node-llama-cpp src/main/native/node_modules/@node-llama-cpp
COPY target/quarkus-app app
COPY LICENSE NOTICE ./
ENV FARTHING_MODE=production FARTHING_HOST=0.0.0.0 FARTHING_PORT=8080 FARTHING_DATA=/farthing/data
USER 10001:10001
VOLUME /farthing/data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD curl -fsS "http://127.0.0.1:$FARTHING_PORT/q/health/ready"
ENTRYPOINT ["java", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Xmx512m", "-jar", "app/quarkus-run.jar"]
