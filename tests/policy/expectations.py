"""What an agent on a Mac must and must not be able to do: a table, written without the profiles.

Each row names paths or other targets and, for looking, reading and writing, the words (features and
agents) that allow it: "*" always, "" never. `~` is the home, `W` the project, `T` and `C` the user's
directories for temporary files and caches, `L` the one for temporary files of this launch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.fake_host import CACHE, HOME, LAUNCH_TEMP, PROJECT, TEMP

LOOK = ("file-read-metadata", "file-test-existence")
READ = ("file-read-data", "file-read-xattr", "file-clone")
CHANGE = (
    "file-write-data", "file-write-mode", "file-write-flags", "file-write-owner", "file-write-times",
    "file-write-xattr", "file-write-acl", "file-write-finderinfo", "file-link",
)  # fmt: skip
MOVE = ("file-write-unlink", "file-write-create")
# For no file but terminals (ioctl), whatever is granted.
NEVER = (
    "file-write-setugid",
    "file-ioctl",
    "file-mknod",
    "file-chroot",
    "file-mount",
    "file-search",
)
CONNECT = "network-outbound"
# A clone of one of these would have what is closed in it.
HOLD_SECRETS = """
/ /Users ~ /private /private/var /Library ~/Library ~/.local ~/.local/share ~/.config ~/.cache
"""


class Setup(NamedTuple):
    """An agent and features, as asked for."""

    agent: str = ""
    features: tuple[str, ...] = ()

    @property
    def words(self) -> frozenset[str]:
        words = {"*", self.agent, *self.features}
        if words & {"claude", "codex", "docker"}:
            words.add("keychain")
        return frozenset(words - {""})


class Question(NamedTuple):
    operation: str
    target: str
    allowed_by: str
    kind: str = ""

    def allowed(self, setup: Setup) -> bool:
        return bool(setup.words & set(self.allowed_by.split()))


class Row(NamedTuple):
    """Paths with, for groups of operations, what allows them. `move` is `write` unless it is said."""

    paths: str
    look: str
    read: str
    write: str = ""
    move: str = "as write"
    connect: str = ""


# What is no one's but the user's: closed to every agent, with every feature.
SECRETS = """
~/.ssh/id_ed25519 ~/.ssh/id_rsa ~/.ssh/authorized_keys ~/.gnupg/private-keys-v1.d/x.key ~/.gnupg/secring.gpg
~/.netrc ~/.git-credentials ~/.config/git/credentials ~/.config/gh/hosts.yml ~/.config/hub
~/.config/op/config ~/.1password/agent.sock ~/.kube/config ~/.terraform.d/credentials.tfrc.json
~/.vault-token ~/.pypirc ~/.cargo/credentials.toml ~/.gem/credentials ~/.m2/settings.xml
~/.gradle/gradle.properties ~/.config/nix/nix.conf ~/.config/rclone/rclone.conf ~/.pgpass ~/.my.cnf ~/.env
~/.password-store/x.gpg ~/.age/key.txt ~/.config/sops/age/keys.txt ~/.electrum/wallets/default_wallet
~/.bash_history ~/.zsh_history ~/.zsh_sessions/x.history ~/.python_history ~/.node_repl_history ~/.lesshst
~/.config/doctl/config.yaml ~/.fly/config.yml ~/.pulumi/credentials.json ~/.s3cfg ~/.oci/config
~/.local/share/uv/credentials/credentials.toml ~/.config/pypoetry/auth.toml ~/.gemini/oauth_creds.json
~/.config/github-copilot/hosts.json ~/.local/share/opencode/auth.json
~/Library/Cookies/Cookies.binarycookies ~/Library/Safari/History.db ~/Library/Messages/chat.db
~/Library/Mail/V10/x ~/Library/Calendars/x ~/Library/Accounts/Accounts4.sqlite
~/Library/Containers/com.apple.Notes/x
~/Library/IdentityServices/ids.db ~/Library/HTTPStorages/x/httpstorages.sqlite
/Library/Keychains/apsd.keychain /private/var/db/dslocal/nodes/Default/users/me.plist
/private/var/root/.bash_history /private/etc/master.passwd /private/etc/ssh/ssh_host_ed25519_key
"""
# The same, with a blank in their names.
SECRETS_WITH_BLANKS = (
    "~/Library/Group Containers/2BUA8C4S2C.com.1password/t/agent.sock",
    "~/Library/Application Support/Google/Chrome/Default/Login Data",
    "~/Library/Application Support/Firefox/Profiles/x/logins.json",
    "~/Library/Application Support/1Password/x",
    "~/Library/Application Support/com.apple.TCC/TCC.db",
    "~/Library/Application Support/AddressBook/AddressBook-v22.abcddb",
)
SHELL_FILES = (
    "~/.zshrc ~/.zshenv ~/.zprofile ~/.zlogin ~/.bashrc ~/.bash_profile ~/.bash_login ~/.profile"
)
OWN = """
~/.config/safehouse ~/.config/safehouse/config.yaml ~/.config/safehouse/trusted-workdirs
~/.local/state/safehouse/policies/1-a.sb ~/.local/share/safehouse/grants/x ~/.cache/safehouse/x
"""
PROGRAMS = """
~/.local/bin/claude ~/bin/tool ~/.local/lib/node_modules/x/cli.js ~/.nvm/versions/node/v22/bin/node
~/.fnm/x ~/.local/share/fnm/x ~/.volta/bin/node ~/.npm-global/bin/x ~/.pyenv/shims/python
~/.local/share/uv/tools/x/bin/x ~/.local/share/pipx/venvs/x/bin/x ~/.local/share/mise/installs/x
~/.local/share/pnpm/pnpm ~/.cache/node/corepack/x ~/.cache/pre-commit/repo/x ~/.nix-profile
~/.virtualenvs/x/bin/python ~/miniconda3/bin/conda ~/Library/Python/3.9/bin/x ~/Library/pnpm/pnpm
"""
SYSTEM = """
/usr/bin/git /usr/lib/dyld /bin/sh /sbin/ping /System/Library/Frameworks/Foundation.framework/x
/Library/Developer/CommandLineTools/usr/bin/clang /Library/Developer/CommandLineTools/usr/lib/libxcrun.dylib
/opt/homebrew/bin/node /usr/local/bin/x /private/etc/hosts /private/etc/resolv.conf /private/etc/ssl/cert.pem
/private/var/db/timezone/zoneinfo/UTC /private/var/select/sh /Library/Fonts/x.ttf /nix/store/x/bin/y
/System/Volumes/Preboot/Cryptexes/OS/x /private/var/run/resolv.conf /private/etc/gitconfig
"""
CACHES = """
~/.npm/_cacache/x ~/.npm/_npx/x/y ~/Library/Caches/pip/x ~/.cache/pip/x ~/.cache/uv/x ~/Library/Caches/uv/x
~/.cache/pypoetry/cache/x ~/Library/Caches/npm/x ~/.yarn/berry/x ~/.local/share/pnpm/store/v3/x
~/.cache/turbo/x ~/.cache/mypy/x ~/.node-gyp/x T/x T/a/b C/x /private/tmp/x
/private/tmp/a/b
"""
DOCKER = """
~/.docker/run/docker.sock ~/.colima/default/docker.sock ~/.colima/docker.sock ~/.orbstack/run/docker.sock
~/.rd/docker.sock ~/.lima/default/sock/docker.sock /private/var/run/docker.sock
/private/var/run/podman/podman.sock ~/.local/share/containers/podman/machine/qemu/podman.sock
T/podman/podman-machine-default-api.sock
"""
SSH_AGENTS = """
/private/tmp/com.apple.launchd.AbC123/Listeners /private/var/run/com.apple.launchd.x/Listeners
~/.ssh/agent/s.1.agent
"""
# What programs outside of the sandbox run, and the sockets by which they are told to.
TEMPORARY_PROGRAMS = """
T/node-compile-cache/v22/x T/jiti/x.cjs T/tsx-501/x T/v8-compile-cache-501/x T/xcrun_db T/xcrun_db-AbC
T/jules_tmp/x
T/me-code-zsh/.zshrc T/me-cursor-zsh T/fnm_multishells/1_2/bin /private/tmp/node-compile-cache
/private/tmp/tsx-501/x /private/tmp/jest_dx/x /private/tmp/bunx-501-cowsay@latest/x T/_MEIabc/lib.dylib
"""
TEMPORARY_SOCKETS = """
/private/tmp/tmux-501/default /private/tmp/tmux-501 T/tmux-501/default T/ssh-AbC/agent.1
/private/tmp/ssh-AbC/agent.1
T/codex-daemon-501/x T/vscode-ipc-1.sock T/vscode-git-1.sock T/zellij-501/x T/claude-mcp-x/1 /private/tmp/mc/x
T/.screen/1.x /private/tmp/.X11-unix/X0 /private/tmp/docker-x.sock T/emacs501/server T/nvim.me/x/nvim.1.0
"""
GIT_DAEMONS = "~/.git-credential-cache/socket ~/.cache/git/credential/socket"

ROWS = (
    # The project.
    Row("W/a.py W/sub/deep/b W/.env W/.gitignore W/.git/index W/.git/HEAD W/.git/objects/ab/c "
        "W/.git/refs/heads/x W/sub/.safehouse W/sub/.safehouse.yaml W/.safehouse2 W/.github/x "
        "W/node_modules/.bin/x W/.githooks/x W/.git/hooks2", "*", "*", "*"),
    Row("W/.git", "*", "*", "*", move=""),
    Row("W/.git/hooks W/.git/hooks/pre-commit W/.git/hooks/a/b W/.git/config W/.git/config.worktree "
        "W/.git/commondir W/.safehouse W/.safehouse.yaml", "*", "*"),
    Row("W", "*", "*", "*", move="apart"),  # see TREES_WITH_CLOSED_PARTS
    Row("~/src/other/README ~/src/project2/x ~/src/project-secret ~/src/.git/config ~/secrets/x "
        "~/Documents/x ~/Desktop/x ~/notes ~/.local/state/other/x ~/.config/other/x /Volumes/disk/x "
        "/Users/other/x /private/var/folders/zz/other/T/x /Applications/Xcode.app/Contents/x "
        "/private/etc/passwd /private/var/log/system.log /Library/Preferences/x.plist",
        "wide-read", "wide-read"),
    Row(SECRETS, "", ""),
    Row(OWN, "", ""),
    Row(SHELL_FILES, "shell-init wide-read", "shell-init wide-read"),
    Row("~/.config/fish/config.fish ~/.zlogout", "shell-init wide-read", "shell-init wide-read"),
    # Programs and what they keep.
    Row(PROGRAMS, "*", "*"),
    Row(SYSTEM, "*", "*"),
    Row("/opt/homebrew/var/postgres/base/1 /usr/local/var/mysql/x", "wide-read", "wide-read"),
    Row(CACHES, "*", "*", "*"),
    # Whoever reads the first is obeyed by a server outside; the others run outside by themselves.
    Row("~/.gradle/daemon/x ~/.local/share/jupyter/runtime/x ~/Library/Jupyter/runtime/x "
        "~/.cache/rubocop_cache/server/x/token ~/.sbt/1.0/server/x/sock ~/.sbt/.credentials", "", ""),
    Row("~/.cache/mise/x ~/Library/Caches/mise/x ~/.cache/typescript/x ~/.cache/hie-bios/x "
        "~/.cache/bazel/x /private/var/tmp/_bazel_me/x", "wide-read", "wide-read"),
    Row("~/Library/Caches/typescript/x ~/.sbt/boot/x ~/.sbt/1.0/plugins/x", "*", "*"),
    Row("~/.gitconfig ~/.gitconfig-work ~/.config/git/config ~/.gitignore_global ~/.npmrc "
        "~/.config/pip/pip.conf ~/.CFUserTextEncoding ~/AGENTS.md ~/.agents/x", "*", "*"),
    # Directories on the way may be looked at, not listed; a few may be listed. So with links.
    Row("/ /Users ~ ~/src /private /private/var /Library ~/Library ~/.local ~/.local/share "
        "/tmp /var /etc", "*", "wide-read"),
    Row("~/.config ~/.cache ~/.local/bin /dev", "*", "*"),
    # Devices.
    Row("/dev/null /dev/fd/3 /dev/stdin /dev/stdout /dev/stderr", "*", "*", "*"),
    Row("/dev/urandom /dev/random /dev/zero", "*", "*"),
    Row("/dev/disk0 /dev/tty.usbmodem1 /dev/rdisk0 /dev/bpf0 /dev/console", "*", "wide-read"),
    # Agents' own.
    Row("~/.claude/settings.json ~/.claude/projects/x ~/.claude.json ~/.claude.json.lock "
        "~/.claude.json.tmp.1.ab ~/.claude.lock ~/.config/claude/x ~/.cache/claude-cli-nodejs/x",
        "claude wide-read", "claude wide-read", "claude"),
    Row("~/.claude/.credentials.json", "claude", "claude", "claude"),
    Row("~/.claude/skills/x ~/.claude/agents/x", "claude wide-read", "claude wide-read", "claude"),
    Row("~/.claude/local/claude ~/.local/share/claude/versions/2", "claude wide-read",
        "claude wide-read"),
    Row("~/.codex/config.toml ~/.codex/sessions/x", "codex wide-read", "codex wide-read", "codex"),
    Row("~/.codex/auth.json", "codex", "codex", "codex"),
    Row("~/.codex/packages/standalone/codex", "codex wide-read", "codex wide-read"),
    Row("~/.aider/caches/x ~/.cache/aider/x", "aider wide-read", "aider wide-read", "aider"),
    Row("~/.aider.conf.yml ~/.config/aider/x", "aider wide-read", "aider wide-read"),
    # Features.
    Row("~/.ssh/config ~/.ssh/known_hosts ~/.ssh/id_ed25519.pub ~/.ssh/config.d/x", "ssh", "ssh"),
    Row("~/.ssh", "ssh", ""),
    Row(SSH_AGENTS, "ssh", "ssh", "ssh", connect="ssh"),
    Row(DOCKER, "docker", "docker", "docker", connect="docker"),
    Row(GIT_DAEMONS, "", "", "", connect=""),
    Row(TEMPORARY_SOCKETS, "", "", "", connect=""),
    Row(TEMPORARY_PROGRAMS, "*", "*"),
    # What each launch has alone: nobody else's is looked at, and none can change places.
    Row("L/x L/a/b L/tsx-501/1.pipe L/tmux-501/default", "*", "*", "*", connect="*"),
    Row("L", "*", "*", "*", move="", connect="*"),
    Row("T/safehouse/1b2c3d4e T/safehouse/1b2c3d4e/x T/safehouse/0a1b2c3/x T/safehouse/0a1b2c3de/x "
        "T/safehouse/0a1b2c3d.gone/x T/safehouse/x", "", ""),
    Row("~/.docker/config.json ~/.docker/cli-plugins/docker-buildx", "docker", "docker"),
    Row("~/.docker/buildx/x", "docker", "docker", "docker"),
    Row("~/Library/Keychains/login.keychain-db", "keychain", "keychain", "keychain"),
    Row("/Library/Keychains/System.keychain", "keychain", "keychain"),
    Row("/private/var/db/mds/x", "keychain wide-read", "keychain wide-read"),
    Row("~/.aws/credentials ~/.aws/config ~/.azd/x", "cloud-credentials", "cloud-credentials"),
    Row("~/.aws/sso/cache/x ~/.config/gcloud/credentials.db ~/.azure/msal_token_cache.json "
        "~/.azd/auth/x", "cloud-credentials", "cloud-credentials", "cloud-credentials"),
    Row("~/.config/gcloud/virtenv/bin/python ~/.azure/cliextensions/x.py ~/.azure/bin/bicep",
        "cloud-credentials", "cloud-credentials"),
)  # fmt: skip
# Writable trees with something closed in them, and what makes them writable: whoever moved one to
# where he may write could open what is closed, and move the tree back.
TREES_WITH_CLOSED_PARTS = (
    ("W", "*"), ("~/.claude", "claude"), ("~/.codex", "codex"),
    ("~/.config/gcloud", "cloud-credentials"), ("~/.azure", "cloud-credentials"),
)  # fmt: skip

OTHERS: tuple[tuple[str, str, str, str], ...] = (
    # operation, targets, what allows it, kind of target
    ("network-outbound", "example.com:443 1.1.1.1:53 localhost:3000 *:22", "*", "remote"),
    ("network-bind", "localhost:3000 *:8080 0.0.0.0:80", "*", "local"),
    ("network-inbound", "localhost:3000 *:8080", "*", "local"),
    ("network-outbound", "/private/var/run/mDNSResponder", "*", "path"),
    ("network-outbound", "W/x.sock /private/tmp/x.sock T/x.sock ~/.docker/x.sock /private/var/run/syslog "
     "~/.gnupg/S.gpg-agent ~/.1password/agent.sock /private/tmp/tmux-501/default T/vscode-git-1.sock "
     "~/Library/x.sock /private/var/run/usbmuxd ~/.config/other/daemon.sock", "", "path"),
    *((name, "W/x.sock /private/tmp/x.sock T/x.sock ~/.ssh/x T/safehouse/1b2c3d4e/x", "", "path")
      for name in ("network-bind", "network-inbound")),
    ("network-bind", "L/x L/a/b", "*", "path"),
    ("network-inbound", "L/x L/a/b", "*", "path"),
    ("file-read-metadata", "T/safehouse", "*", "path"),
    *((name, "T/safehouse", "", "path") for name in (
        "file-read-data", "file-clone", "file-link", "file-write-data", *MOVE)),
    *((name, "T", "", "path") for name in ("file-clone", "file-write-unlink")),
    ("process-exec*", "/usr/bin/true W/a.out ~/.local/bin/claude /private/tmp/x", "*", "path"),
    ("process-fork", "", "*", ""),
    ("signal", "self same-sandbox", "*", "target"),
    ("signal", "others", "", "target"),
    *((name, "self same-sandbox", "*", "target") for name in (
        "process-info-pidinfo", "process-info-pidfdinfo", "process-info-pidfileportinfo",
        "process-info-rusage", "process-info-setcontrol", "process-info-dirtycontrol")),
    *((name, "others", "", "target") for name in (
        "process-info-pidinfo", "process-info-pidfdinfo", "process-info-pidfileportinfo",
        "process-info-rusage", "process-info-setcontrol", "process-info-dirtycontrol")),
    ("process-info-listpids", "", "", ""),
    ("process-info*", "", "", ""),
    ("mach-priv-task-port", "same-sandbox", "*", "target"),
    ("mach-priv-task-port", "others", "", "target"),
    ("mach-task-name", "others", "", "target"),
    ("sysctl-read", "hw.ncpu hw.memsize kern.osversion machdep.cpu.brand_string", "*", "sysctl-name"),
    ("sysctl-read", "kern.procargs kern.procargs2 kern.procargs2.1234", "", "sysctl-name"),
    ("sysctl-write", "kern.hostname hw.ncpu", "", "sysctl-name"),
    *((name, "", "", "") for name in (
        "nvram-get nvram-set nvram-delete nvram* job-creation storage-class-map lsopen appleevent-send "
        "hid-control device-camera device-microphone system-reboot system-kext-load system-debug "
        "system-acct system-audit system-swap system-set-time fs-snapshot-create mach-register "
        "iokit-open iokit-set-properties iokit-issue-extension generic-issue-extension qtn-user "
        "authorization-right-obtain distributed-notification-post user-preference-read "
        "user-preference-write ipc-sysv-shm ipc-sysv-msg mach-host-special-port-set "
        "mach-priv-host-port boot-arg-set opendirectory-user-modify default file-mount file-unmount"
    ).split()),
    *((name, "", "*", "") for name in (
        "pseudo-tty ipc-posix-sem-open ipc-posix-sem-create ipc-sysv-sem system-socket socket-ioctl "
        "dynamic-code-generation file-map-executable iokit-get-properties syscall-unix "
        "darwin-notification-post process-info-codesignature system-privilege mach-cross-domain-lookup"
    ).split()),
    ("ipc-posix-shm-read-data", "apple.shm.notification_center", "*", "ipc-posix-name"),
    ("ipc-posix-shm-write-data", "apple.shm.notification_center other", "", "ipc-posix-name"),
    ("ipc-posix-shm-write-create", "com.apple.AppleDatabaseChanged", "keychain", "ipc-posix-name"),
    ("ipc-posix-shm-read-data", "com.apple.AppleDatabaseChanged", "keychain", "ipc-posix-name"),
    ("mach-lookup", "com.apple.system.notification_center com.apple.bsd.dirhelper com.apple.logd "
     "com.apple.system.opendirectoryd.libinfo com.apple.system.opendirectoryd.membership "
     "com.apple.SystemConfiguration.configd com.apple.trustd.agent com.apple.FSEvents", "*",
     "global-name"),
    ("mach-lookup", "com.apple.SecurityServer com.apple.securityd.xpc com.apple.secd com.apple.trustd",
     "keychain", "global-name"),
    ("mach-lookup", "com.apple.pasteboard.1 com.apple.lsd.mapdb com.apple.lsd.modifydb", "clipboard",
     "global-name"),
    ("mach-lookup", "com.apple.coreservices.launchservicesd com.apple.coreservices.appleevents "
     "com.apple.windowserver.active com.apple.tccd com.apple.tccd.system com.apple.screencapture "
     "com.apple.xpc.loginitemregisterd com.apple.cookied com.apple.nsurlsessiond com.apple.metadata.mds "
     "com.apple.iohideventsystem com.apple.audio.coreaudiod com.apple.diskmanagementd "
     "com.apple.SecurityServer2 org.chromium.Chromium.rohitfork.1 com.apple.pasteboard.10", "",
     "global-name"),
    ("mach-lookup", "com.apple.SecurityServer com.apple.logd", "", "local-name"),
    ("mach-lookup", "com.apple.SecurityServer com.apple.logd", "", "xpc-service-name"),
)  # fmt: skip


def full(path: str) -> str:
    """A path of the table as the kernel sees it."""
    for short, place in (
        ("~", HOME),
        ("W", f"{HOME}/{PROJECT}"),
        ("T", TEMP),
        ("C", CACHE),
        ("L", LAUNCH_TEMP),
    ):
        if path == short or path.startswith(short + "/"):
            return place + path[len(short) :]
    return path


def questions() -> Iterator[Question]:
    """All of them, with what allows each."""
    for row in ROWS:
        for path in map(full, row.paths.split()):
            yield from _of_path(path, row)
    for path in map(full, SECRETS_WITH_BLANKS):
        yield from _of_path(path, Row("", "", ""))
    for name in ("/dev/tty", "/dev/ttys001", "/dev/ptmx"):
        for operation in ("file-read-data", "file-write-data", "file-ioctl"):
            yield Question(operation, name, "*")
    for operation, targets, allowed_by, kind in OTHERS:
        for target in targets.split() or [""]:
            yield Question(operation, full(target) if kind == "path" else target, allowed_by, kind)


def _of_path(path: str, row: Row) -> Iterator[Question]:
    groups = [(LOOK, row.look), (READ, row.read), (CHANGE, row.write), (NEVER, "")]
    if row.move != "apart":
        groups.append((MOVE, row.write if row.move == "as write" else row.move))
    for operations, allowed_by in groups:
        for operation in operations:
            whole = operation == "file-clone" and path in map(full, HOLD_SECRETS.split())
            yield Question(operation, path, "" if whole else allowed_by)
    yield Question(CONNECT, path, row.connect, "path")
