# frozen_string_literal: true

module Lambent
  # What a process that has started before its function must change of itself.
  module Surroundings
    def self.take_over(variables)
      ENV.replace(variables)
    end

    # Where `require` looks: in the package, RUBYLIB, the gems of GEM_PATH, then those of this Ruby and of the host. GEM_PATH
    # names the version that the function asked for; another one that stands in for it has gems of its own there, too.
    #
    # Args: `in_place`, whether RUBYLIB has not been read yet.
    def self.find_packages(task_root, in_place:)
      $LOAD_PATH.unshift(*ENV.fetch('RUBYLIB', '').split(':')) if in_place
      $LOAD_PATH.unshift(task_root) unless $LOAD_PATH.include?(task_root)
      $LOAD_PATH.uniq!
      return unless defined?(Gem) # RUBYOPT may say so

      version = RbConfig::CONFIG['ruby_version']
      own = ["#{task_root}/vendor/bundle/ruby/#{version}", "/opt/ruby/gems/#{version}"]
      Gem.paths = { 'GEM_PATH' => [ENV.fetch('GEM_PATH', nil), *own, *Gem.default_path].compact.join(':') }
    end

    def self.trace(id)
      id ? ENV['_X_AMZN_TRACE_ID'] = id : ENV.delete('_X_AMZN_TRACE_ID')
    end
  end
end
