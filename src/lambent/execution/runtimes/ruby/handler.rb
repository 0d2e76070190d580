# frozen_string_literal: true

# Finds and calls the handler: `file.method`, `file.Module::Class.method`. Its name and those of its members are seen: a
# method that is not there is missed in an object of this class, and the client reads so.
class LambdaHandler
  attr_reader :handler_file_name, :handler_method_name

  # Raises ArgumentError, in AWS's words.
  def initialize(env_handler:)
    parts = env_handler.split('.')
    unless [2, 3].include?(parts.size)
      raise ArgumentError,
            "Invalid handler #{parts}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where FILENAME " \
            'corresponds with an existing Ruby source file FILENAME.rb, CLASS is an optional module/class namespace ' \
            'and METHOD is a callable method. If using CLASS, METHOD must be a class-level method.'
    end

    @handler_file_name = parts.first
    @handler_class = parts[1] if parts.size == 3
    @handler_method_name = parts.last
  end

  # What is defined outside of any class is a private method of every object, of this one, too.
  def call_handler(request:, context:)
    receiver = @handler_class ? Object.const_get(@handler_class) : self
    receiver.__send__(@handler_method_name, event: request, context: context)
  end
end
