class Safehouse < Formula
  desc "@DESCRIPTION@"
  homepage "@ADDRESS@"
  url "@ADDRESS@/releases/download/v@VERSION@/safehouse", using: :nounzip
  sha256 "@SHA256@"
  license "@LICENSE@"

  livecheck do
    url :stable
    strategy :github_latest
  end

  # The file has names of directories in its byte code, which relocation would corrupt.
  pour_bottle? only_if: :default_prefix

  depends_on "python@@PYTHON@"

  on_linux do
    depends_on "bubblewrap"
  end

  def install
    # Of all the Pythons that the file would look for, Homebrew's. The bracket makes it a pattern,
    # by which the file's shell sees that it is there.
    python = "#{HOMEBREW_PREFIX}/opt/python@@PYTHON@/bin/python@PATTERN@"
    inreplace "safehouse", /^for safehouse_group in '.*?^'; do$/m, "for safehouse_group in '\n#{python}\n'; do"
    bin.install "safehouse"
    chmod 0555, bin/"safehouse" # generate_completions_from_executable runs it
    generate_completions_from_executable(bin/"safehouse", "completion")
  end

  def caveats
    # By its path: not every shell has brew's directory in PATH where it comes to the line.
    program = "#{HOMEBREW_PREFIX}/bin/safehouse"
    file, line = case Utils::Shell.preferred
    when :fish then ["~/.config/fish/config.fish", "#{program} init fish | source"]
    when :bash then [OS.mac? ? "~/.bash_profile" : "~/.bashrc", "eval \"$(#{program} init bash)\""]
    else ["~/.zshrc", "eval \"$(#{program} init zsh)\""]
    end
    <<~EOS
      To start agents confined when you type their names, add this to the end of #{file}:
        #{line}
    EOS
  end

  test do
    assert_match "safehouse #{version} (Homebrew ", shell_output("#{bin}/safehouse --version")

    (testpath/"project/file").write "content"
    cd "project" do
      policy = shell_output("#{bin}/safehouse policy --platform=macos -- cat file")
      assert_match "(deny default)", policy
      assert_match "#{testpath.realpath}/project", policy

      # Where brew's own sandbox or a container forbids another one, nothing is run.
      confine = if OS.mac?
        ["/usr/bin/sandbox-exec", "-p", "(version 1)(allow default)"]
      else
        bwrap = ["/usr/bin/bwrap", HOMEBREW_PREFIX/"opt/bubblewrap/bin/bwrap"].find { |file| File.exist?(file) }
        [bwrap, "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc"]
      end
      if quiet_system(*confine, "/bin/sh", "-c", ":")
        assert_match(/deny default|--unshare-user/, shell_output("#{bin}/safehouse --stdout -- cat file"))
        assert_equal "content", shell_output("#{bin}/safehouse -- cat file")
        refute_match "content", shell_output("#{bin}/safehouse --deny=file -- cat file 2>&1", 1)
      else
        refusal = shell_output("#{bin}/safehouse -- cat file 2>&1", OS.mac? ? 71 : 125)
        assert_match(/sandbox_apply|bubblewrap/, refusal)
        refute_match "content", refusal
      end
    end
  end
end
