"""The keys of git's settings that make git run a program, read further settings, or go elsewhere."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.sources.git_config import Setting

# By section, subsections left out: `filter.lfs.clean` is `filter.clean` here, and * is every key.
# From `git help config` (2.39 to 2.52), the commands that are beside git (svn, p4, cvsserver,
# send-email, instaweb, gui, lfs), and what earlier attacks on editors and CI have used.
_WORDS = """
core.alternaterefscommand core.askpass core.attributesfile core.editor core.fsmonitor core.gitproxy
core.hookspath core.pager core.protecthfs core.protectntfs core.sshcommand core.worktree
alias.* bundle.* credential.* extensions.* fsmonitor.* guitool.* hook.* http.* include.* includeif.*
instaweb.* lfs.* pager.* protocol.* sendemail.* trace2.* url.*
browser.cmd browser.path difftool.cmd difftool.path man.cmd man.path mergetool.cmd mergetool.path
diff.command diff.external diff.textconv fetch.bundleuri transfer.bundleuri
filter.clean filter.process filter.smudge
gc.recentobjectshook gitcvs.dbdriver gpg.program gpg.defaultkeycommand
help.browser imap.tunnel init.templatedir interactive.difffilter man.viewer merge.driver
pull.octopus pull.twohead
receive.procreceiverefs remote.promisor remote.proxy remote.receivepack remote.uploadpack remote.vcs
sequence.editor svn.authorsprog tar.command trailer.cmd trailer.command uploadpack.packobjectshook
web.browser
"""
_KEYS = frozenset(_WORDS.split())
# Where another repository is, and which of them is meant: new ones are what work consists of, but
# one that was there before must not change unseen.
_ADDRESSES = frozenset(
    (
        "remote.url", "remote.pushurl", "remote.pushdefault", "branch.remote", "branch.pushremote",
        "submodule.url",
    )
)  # fmt: skip
# Settings that name files for git to read or write, but nothing that it runs or obeys.
_HARMLESS = frozenset(
    "blame.ignorerevsfile commit.template core.attributesfile core.excludesfile core.worktree "
    "diff.orderfile format.signaturefile mailmap.file".split()
)
_HARMLESS_SECTIONS = frozenset(
    "advice author branch color column committer extensions fsck http push remote safe submodule "
    "trace2 url user".split()
)


def runs(setting: Setting) -> bool:
    """Whether a setting, by what it is or says, makes git run a program or look elsewhere."""
    name = f"{setting.section}.{setting.key}"
    if name in _KEYS or f"{setting.section}.*" in _KEYS:
        return True
    if name in ("remote.url", "remote.pushurl", "submodule.url"):
        return "::" in setting.value  # git runs git-remote-NAME for NAME::ADDRESS
    return name == "submodule.update" and setting.value[:1] == "!"


def is_address(setting: Setting) -> bool:
    """Whether a setting says where another repository is."""
    return f"{setting.section}.{setting.key}" in _ADDRESSES


def may_name_programs(setting: Setting) -> bool:
    """Whether a file that a setting names is one that git runs or obeys; unknown keys may."""
    if setting.section in _HARMLESS_SECTIONS:
        return runs(setting) and setting.section in ("remote", "submodule")
    return f"{setting.section}.{setting.key}" not in _HARMLESS
