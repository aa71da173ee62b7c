# A small stand-in of Homebrew, which does for one formula what `brew` would: brew_stub.rb ACTION FORMULA
# PREFIX [FILE]. Actions: facts, install (FILE is what was downloaded), bottle, caveats, test. What it
# found is printed as JSON. It models what the formula relies on, so that a promise of it can be broken.

require "digest"
require "fileutils"
require "json"
require "open3"
require "pathname"
require "tmpdir"

ACTION, FORMULA, PREFIX, FILE = ARGV
HOMEBREW_PREFIX = Pathname.new(PREFIX).realpath
PLACEHOLDER = "@@HOMEBREW_PREFIX@@".freeze

class Pathname
  # brew moves files; what they may be executed by, it sets only after the whole installation.
  def install(*names)
    mkpath
    names.each { |name| FileUtils.mv(name, self) }
  end

  alias plain_write write
  def write(text)
    raise "Will not overwrite #{self}" if exist?

    dirname.mkpath
    plain_write(text)
  end

  def text_executable?
    binread(1024).match?(/\A#!\s*\S+/)
  end
end

module OS
  def self.mac?
    RUBY_PLATFORM.include?("darwin")
  end

  def self.linux?
    RUBY_PLATFORM.include?("linux")
  end
end

module Utils
  module Shell
    def self.preferred
      name = File.basename(ENV.fetch("SHELL", "")).to_sym
      name if [:bash, :fish, :sh, :zsh].include?(name)
    end
  end
end

# What a formula's class says.
module Stanzas
  def facts
    @facts ||= { "depends_on" => [], "order" => [] }
  end

  [:desc, :homepage, :sha256, :license].each do |name|
    define_method(name) { |value| say(name, value) }
  end

  def url(value, using: nil)
    say(:url, value)
    # As brew finds the version: a part of the path that looks like one.
    facts["version"] = value[%r{/v?(\d+\.\d+(?:\.\d+){0,2})}, 1]
    facts["using"] = using
  end

  def depends_on(name)
    say(:depends_on, facts["depends_on"] << name)
  end

  def livecheck(&block)
    recorder = Struct.new(:said) do
      def url(value)
        said["url"] = value
      end

      def strategy(value)
        said["strategy"] = value
      end
    end
    say(:livecheck, recorder.new({}).tap { |each| each.instance_eval(&block) }.said)
  end

  def pour_bottle?(only_if:)
    say(:pour_bottle?, only_if)
  end

  def on_linux(&block)
    facts["order"] << "on_linux"
    class_eval(&block) if OS.linux?
  end

  def test(&block)
    facts["order"] << "test"
    define_method(:run_test, &block)
  end

  def method_added(name)
    super
    facts["order"] << name.to_s if [:install, :caveats].include?(name)
  end

  def say(name, value)
    facts["order"] << name.to_s
    facts[name.to_s] = value
  end
end

# What a formula's methods can use.
class Formula
  include FileUtils
  extend Stanzas

  attr_reader :testpath

  def version
    self.class.facts["version"]
  end

  def name
    self.class.name.downcase
  end

  def prefix
    HOMEBREW_PREFIX/"Cellar"/name/version
  end

  def bin
    prefix/"bin"
  end

  def bash_completion
    prefix/"etc/bash_completion.d"
  end

  def zsh_completion
    prefix/"share/zsh/site-functions"
  end

  def fish_completion
    prefix/"share/fish/vendor_completions.d"
  end

  def failures
    @failures ||= []
  end

  def inreplace(path, before, after)
    text = File.binread(path)
    raise "expected replacement of #{before.inspect}" unless text.gsub!(before, after)

    File.binwrite(path, text)
  end

  def generate_completions_from_executable(program, *words)
    places = {
      "bash" => bash_completion/name,
      "zsh"  => zsh_completion/"_#{name}",
      "fish" => fish_completion/"#{name}.fish",
    }
    places.each do |shell, place|
      output, errors, status = Open3.capture3(program.to_s, *words, shell)
      if status.success?
        place.write(output)
      else
        failures << "#{shell}: #{status.exitstatus}: #{errors}"
      end
    end
  end

  def quiet_system(*command)
    Kernel.system(*command, out: File::NULL, err: File::NULL) == true
  end

  def shell_output(command, result = 0)
    output = IO.popen(command, &:read)
    status = Process.last_status.exitstatus
    check(result == status, "#{command}: status #{status}, not #{result}: #{output}")
    output
  end

  def assert_equal(expected, found)
    check(expected == found, "#{found.inspect} is not #{expected.inspect}")
  end

  def assert_match(part, text)
    check(matches?(part, text), "#{part.inspect} is not in #{text}")
  end

  def refute_match(part, text)
    check(!matches?(part, text), "#{part.inspect} is in #{text}")
  end

  # What brew does around the formula's own methods.

  def run_install
    Dir.mktmpdir do |directory|
      digest = Digest::SHA256.file(FILE).hexdigest
      check(digest == self.class.facts["sha256"], "SHA-256 mismatch: #{digest}")
      name = self.class.facts["url"].rpartition("/").last
      cp(FILE, "#{directory}/#{name}")
      File.chmod(0644, "#{directory}/#{name}")
      cd(directory) { install }
    end
    clean
    link
    { "completions" => failures, "files" => files.map { |path| path.relative_path_from(prefix).to_s } }
  end

  # `brew bottle` and pouring it in the same prefix: byte code goes, and paths go through placeholders.
  def run_bottle
    files.select { |path| path.extname == ".pyc" }.each(&:unlink)
    files.select(&:text_executable?).each do |path|
      text = path.binread.gsub(HOMEBREW_PREFIX.to_s, PLACEHOLDER)
      path.chmod(0755)
      path.binwrite(text.gsub(PLACEHOLDER, HOMEBREW_PREFIX.to_s))
    end
    clean
    {}
  end

  def run_test_block
    Dir.mktmpdir do |directory|
      @testpath = Pathname.new(directory)
      ENV["HOME"] = directory
      cd(directory) { run_test }
    end
    { "checks" => @checks }
  end

  private

  def check(holds, message)
    @checks = @checks.to_i + 1
    raise message unless holds
  end

  def matches?(part, text)
    part.is_a?(Regexp) ? text.match?(part) : text.include?(part)
  end

  def files
    prefix.glob("**/*").select(&:file?)
  end

  def clean
    files.each { |path| path.chmod(path.text_executable? ? 0555 : 0444) }
  end

  def link
    (HOMEBREW_PREFIX/"bin").mkpath
    (HOMEBREW_PREFIX/"opt").mkpath
    keg = "../Cellar/#{name}/#{version}"
    bin.children.each { |path| ln_sf("#{keg}/bin/#{path.basename}", HOMEBREW_PREFIX/"bin") }
    ln_sf(keg, HOMEBREW_PREFIX/"opt/#{name}")
  end
end

load FORMULA
formula = Safehouse.new
answer = case ACTION
when "facts" then Safehouse.facts
when "install" then formula.run_install
when "bottle" then formula.run_bottle
when "caveats" then { "caveats" => formula.caveats }
when "test" then formula.run_test_block
end
puts JSON.generate(answer)
