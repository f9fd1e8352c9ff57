# `just` lists these.

_default:
    @just --list --unsorted

# Build the release binary and serve on 127.0.0.1:8000
run *ARGS:
    cargo run --release -- {{ARGS}}

# Install what is missing and run every test
test:
    scripts/test

# Drive the built binary as a user would; `just walk --help` names the stages
walk *STAGES:
    cargo build -p doorward-server
    scripts/walk {{STAGES}}

# Three replicas behind a balancer, under load; prints what was measured
rig *FILTER:
    scripts/rig {{FILTER}}

# Call every operation of the OpenAPI document with what schemathesis makes up, 200 examples each
schemathesis:
    cargo build -p doorward-server
    scripts/schemathesis

# Everything that a machine can say about the code without running it
check:
    scripts/lint

# Format the whole tree
fmt:
    cargo fmt --all

# Print the figures of the release binary beside the limits of this machine
bench *ARGS:
    cargo build --release -p doorward-server
    cargo run --release -p doorward-bench -- {{ARGS}}

# Known flaws in what we depend on; needs a local copy of the RustSec database
advisories:
    cargo deny check advisories --disable-fetch
