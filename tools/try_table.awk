# The table of `make try`, from two reports of tools/try_inside.sh: KEY, yes or no, and why not.
# The last word about a key counts. Exit status 1 if something is not as it has to be.
FNR == 1 { report++ }
$1 != "done" { outcome[report, $1] = $2; reason[report, $1] = $3 }

function row(key, must, text,    before, after, note) {
    before = outcome[1, key]
    after = outcome[2, key]
    if (before == "skip") note = "not tried: " reason[1, key]
    else if (after == "skip") note = "not tried: " reason[2, key]
    else if (after == "") { note = "NOT REPORTED  <--"; wrong = 1 }
    else if (must == "no" && after == "yes") { note = "YES  <--"; wrong = 1 }
    else if (must == "yes" && after == "no" && before == "yes") { note = "NO: " reason[2, key] "  <--"; wrong = 1 }
    else note = after (after == "no" && reason[2, key] != "" ? ": " reason[2, key] : "")
    printf "  %-46s %-12s %s\n", text, before == "skip" ? "-" : before, note
}

END {
    printf "  %-46s %-12s %s\n\n", "could it ...", "without", "with Safehouse"
    row("read", "yes", "read the files of its project")
    row("write", "yes", "change the files of its project")
    row("commit", "yes", "commit with git")
    row("network", "yes", "open a network connection")
    print ""
    row("key", "no", "read ~/.ssh/id_ed25519")
    row("cloud", "no", "read ~/.aws/credentials")
    row("neighbour", "no", "read ~/other-project/plans.txt")
    row("neighbour-write", "no", "write into ~/other-project")
    row("shell", "no", "add a command to ~/.zshrc")
    row("hook", "no", "plant a hook in .git/hooks, for you to run")
    row("config", "no", "make .git/config name a program to run")
    row("swap", "no", "swap the whole .git for another")
    row("docker", "no", "talk to Docker's socket")
    row("environment", "no", "read the environment of another program")
    row("end", "no", "end another program")
    exit wrong
}
