# syntax=docker/dockerfile:1
# The image of tunebot: one program that is linked to nothing, certificates, time zones. docs/image.md says how to build it,
# with and without Docker.

# Everything is compiled on the machine's own architecture, for the one that is asked for.
FROM --platform=$BUILDPLATFORM docker.io/library/rust:1.95.0-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates tzdata \
        $([ "$(dpkg --print-architecture)" = amd64 ] \
            && echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross \
            || echo gcc-x86-64-linux-gnu libc6-dev-amd64-cross) \
    && rm -rf /var/lib/apt/lists/* \
    && rustup target add x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu
WORKDIR /tunebot
ARG TARGETARCH
# The dependencies are a layer of their own, which only another Cargo.toml or Cargo.lock makes again.
COPY Cargo.toml Cargo.lock ./
COPY image/compile image/
RUN image/compile --dependencies "$TARGETARCH"
COPY migrations migrations
COPY config/demo.yaml config/
COPY src src
RUN cp "$(image/compile "$TARGETARCH")" /usr/local/bin/tunebot
COPY LICENSE ./
COPY image image
# The time that is said to be that of the build.
ARG SOURCE_DATE_EPOCH
RUN image/sbom "$TARGETARCH" /tunebot.cdx.json \
    && image/root /usr/local/bin/tunebot /tunebot.cdx.json /image

# image/pack reads this last stage too, line by line: one value a line.
FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tunebot"
LABEL org.opencontainers.image.description="Hyper-parameter sweeps on Argo Workflows, asked for in chat, on pull requests and by schedule"
LABEL org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.version="$VERSION"
LABEL org.opencontainers.image.revision="$REVISION"
COPY --from=build /image/ /
ENV TUNEBOT_CONFIG="/etc/tunebot/tunebot.yaml"
WORKDIR /var/lib/tunebot
EXPOSE 8080
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/tunebot"]
CMD ["serve"]
