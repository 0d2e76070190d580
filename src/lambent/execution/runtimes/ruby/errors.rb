# frozen_string_literal: true

module Lambent
  # Errors in the shape that AWS's Ruby runtimes give them.
  module Errors
    # The guide says nothing of a limit; AWS's runtime client keeps this many frames.
    FRAME_LIMIT = 100
    HINTING = %w[3.0 3.1].freeze
    OUR_FRAMES = "#{__dir__}/"

    # An error of the handler that its environment survives.
    class Handled < StandardError
      attr_reader :document

      def initialize(document)
        @document = document
        super()
      end
    end

    # The error object of the Invoke API. Args: `where` it happened, `Function` or `Init`.
    def self.document(error, where = 'Function')
      {
        errorMessage: text(message(error)),
        errorType: "#{where}<#{error.class}>",
        stackTrace: frames(error).map { |frame| text(frame) }
      }
    end

    # Since 3.2 the snippets of error_highlight and the suggestions of did_you_mean are no part of a message. AWS never had
    # the two versions that put both in.
    def self.message(error)
      has_hints = HINTING.include?(RUBY_VERSION[0, 3]) && error.respond_to?(:original_message)
      has_hints && error.method(:message).owner == Exception ? error.original_message : error.message
    end
    private_class_method :message

    # The callers within the function, without ours: nothing where `raise` was given a backtrace of its own.
    def self.frames(error)
      (error.backtrace_locations || []).first(FRAME_LIMIT).map(&:to_s)
                                       .take_while { |frame| !frame.start_with?(OUR_FRAMES) }
    end
    private_class_method :frames

    # Whatever it holds, it can become JSON.
    def self.text(value)
      text = value.to_s
      text = text.dup.force_encoding(Encoding::UTF_8) if text.encoding == Encoding::BINARY
      text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub
    end
  end
end
