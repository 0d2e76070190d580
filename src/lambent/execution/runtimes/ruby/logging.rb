# frozen_string_literal: true

module Lambent
  # `puts` and Logger as AWS's runtimes change them: what one call writes is one event of the log, however many lines it
  # has. Line feeds become carriage returns on the pipe for that, and core turns them back.
  module Logging
    # AWS knows one level more than Ruby.
    LEVELS = {
      'TRACE' => Logger::DEBUG, 'DEBUG' => Logger::DEBUG, 'INFO' => Logger::INFO, 'WARN' => Logger::WARN,
      'ERROR' => Logger::ERROR, 'FATAL' => Logger::FATAL
    }.freeze

    class << self
      # Of the call that goes on; nil before the first.
      attr_accessor :request_id, :tenant_id
      # Whether loggers write JSON, and from which level on where they have none of their own.
      attr_reader :is_json, :level

      def install
        $stdout.sync = true
        Logger.prepend(LoggerPatch)
        Kernel.module_eval do
          def puts(*values)
            Lambent::Logging.write(values.flatten.map { |value| Lambent::Errors.text(value) }.join("\n"))
          end
          private :puts
        end
      end

      # Take over the format and the level that the function's variables say.
      def configure(variables)
        @is_json = variables['AWS_LAMBDA_LOG_FORMAT'].to_s.casecmp?('JSON')
        @level = LEVELS[variables['AWS_LAMBDA_LOG_LEVEL'].to_s.upcase] if @is_json
      end

      def write(text)
        STDOUT.write("#{text.chomp.tr("\n", "\r")}\n")
      rescue IOError, SystemCallError
        nil # The handler has closed its stdout; that is its right, and no reason to fail.
      end

      # What a call, or INIT, has ended with. In JSON one record, with a level.
      def error(title, document)
        return write(JSON.generate(record(Time.now, 'ERROR', title.strip).merge(document))) if is_json

        write(title)
        write(JSON.pretty_generate(document))
      end

      # What every record in JSON begins with.
      def record(time, level, message)
        {
          timestamp: time.utc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ'),
          level: level,
          message: message,
          requestId: request_id,
          tenantId: tenant_id
        }.compact
      end
    end

    # Where loggers of stdout and stderr write.
    module Sink
      def self.write(text)
        Logging.write(text)
      end

      def self.close; end
    end

    module LoggerPatch
      def initialize(device, *rotation, **options)
        is_ours = device.nil? || [$stdout, $stderr, STDOUT, STDERR].include?(device)
        options = { level: Logging.level }.merge(options) if is_ours && Logging.level
        super(is_ours ? Sink : device, *rotation, **options)
        return unless is_ours

        @default_formatter = Logging.is_json ? JsonFormatter.new : TextFormatter.new
        @default_formatter.datetime_format = options[:datetime_format]
      end
    end

    # Ruby's own form with the request's id in it.
    class TextFormatter < Logger::Formatter
      FORM = "%s, [%s #%d] %5s %s -- %s: %s\n"

      def call(severity, time, program, message)
        text = Errors.text(msg2str(message))
        format(FORM, severity[0], format_datetime(time), Process.pid, severity, Logging.request_id, program, text)
      end
    end

    # One object a line, with the members that AWS's runtime client gives it.
    class JsonFormatter < Logger::Formatter
      def call(severity, time, program, message)
        is_error = message.is_a?(Exception)
        line = Logging.record(time, severity, Errors.text(is_error ? message.message : msg2str(message)))
        line[:logger] = program && Errors.text(program)
        line.update(of_error(message)) if is_error
        "#{JSON.generate(line.compact)}\n"
      end

      private

      def of_error(error)
        trace = Array(error.backtrace).map { |frame| Errors.text(frame) }
        place = /\A(.+):(\d+):in [`'](.+)'\z/.match(trace.first.to_s)
        {
          errorType: error.class.to_s,
          errorMessage: Errors.text(error.message),
          stackTrace: trace,
          location: place ? "#{place[1]}:#{place[3]}:#{place[2]}" : trace.first
        }
      end
    end
  end
end
