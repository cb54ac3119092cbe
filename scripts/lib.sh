# shellcheck shell=bash
# What the scripts share. Sourced by them, from any directory; leaves the shell in the root of the project.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }

# fail CAUSE [REMEDY]...
fail() {
    printf '\nerror: %s\n' "$1" >&2
    shift
    for remedy in "$@"; do printf '  What to do: %s\n' "$remedy" >&2; done
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }

export target_dir=${CARGO_TARGET_DIR:-target}
case $target_dir in
/*) tools=$target_dir/tools ;;
*) tools=$PWD/$target_dir/tools ;;
esac
PATH=$tools/bin:$tools/npm/node_modules/.bin:$PATH
if ! has cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then PATH=$HOME/.cargo/bin:$PATH; fi
export PATH

# The user that root runs the database server as.
server_user() {
    if id postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi
}

# Whether that user can enter a directory.
server_can_enter() {
    local user
    user=$(server_user)
    setpriv --reuid="$(id -u "$user")" --regid="$(id -g "$user")" --clear-groups test -x "$1" 2>/dev/null
}

# The data directory: the one that is named, else ./var, else (root, in a clone that the database server's
# user cannot enter, such as one under /root) /var/lib/kapal.
data_dir() {
    if [ -n "${KAPAL_DATA_DIR:-}" ]; then
        echo "$KAPAL_DATA_DIR"
    elif is_root && ! server_can_enter "$(if [ -d var ]; then echo "$PWD/var"; else echo "$PWD"; fi)"; then
        echo /var/lib/kapal
    else
        echo "$PWD/var"
    fi
}

# Prints the directory of PostgreSQL's programs, the way the server itself looks for them; fails without any.
oldest_postgres=15
find_postgres() {
    local directory
    if [ -n "${KAPAL_PG_BIN:-}" ]; then
        [ -x "$KAPAL_PG_BIN/postgres" ] && [ -x "$KAPAL_PG_BIN/initdb" ] ||
            fail "KAPAL_PG_BIN names $KAPAL_PG_BIN, where there is no PostgreSQL (postgres, initdb)." \
                "Correct it, or unset it so that PostgreSQL is looked for and installed."
        echo "$KAPAL_PG_BIN"
        return
    fi
    local -a directories
    mapfile -t directories < <(installed_postgres | sort -t/ -k5,5nr)
    for directory in "${directories[@]}" "$(data_dir)/pg/bin"; do
        if [ -x "$directory/postgres" ] && [ -x "$directory/initdb" ]; then
            echo "$directory"
            return
        fi
    done
    return 1
}
installed_postgres() {
    local directory major
    for directory in /usr/lib/postgresql/*/bin; do
        major=$(basename "$(dirname "$directory")")
        if [[ $major =~ ^[0-9]+$ ]] && [ "$major" -ge "$oldest_postgres" ]; then echo "$directory"; fi
    done
}

# For programs with a data directory of their own (tests, benchmark): where this machine's PostgreSQL is.
export_postgres() {
    KAPAL_PG_BIN=$(find_postgres)
    export KAPAL_PG_BIN
}
