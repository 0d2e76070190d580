# frozen_string_literal: true

# What a handler gets as `context:` (AWS Lambda Developer Guide, "Using the Lambda context object to retrieve Ruby
# function information"). The limit of memory is text, as on AWS.
class LambdaContext
  attr_reader :aws_request_id, :invoked_function_arn, :log_group_name, :log_stream_name, :function_name,
              :memory_limit_in_mb, :function_version, :identity, :client_context, :deadline_ms, :tenant_id

  def initialize(request_id, deadline_ms, metadata)
    @aws_request_id = request_id
    @deadline_ms = deadline_ms
    @tenant_id = metadata['tenant_id']
    @invoked_function_arn = metadata['invoked_function_arn']
    @identity = metadata['identity']
    @client_context = parse(metadata['client_context'])
    @function_name = ENV.fetch('AWS_LAMBDA_FUNCTION_NAME', nil)
    @function_version = ENV.fetch('AWS_LAMBDA_FUNCTION_VERSION', nil)
    @memory_limit_in_mb = ENV.fetch('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', nil)
    @log_group_name = ENV.fetch('AWS_LAMBDA_LOG_GROUP_NAME', nil)
    @log_stream_name = ENV.fetch('AWS_LAMBDA_LOG_STREAM_NAME', nil)
  end

  def get_remaining_time_in_millis # rubocop:disable Naming/AccessorMethodName - AWS's name
    [@deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond), 0].max
  end

  private

  # As it was given to the SDK; core passes it as text, which may still be in base64.
  def parse(text)
    return if text.nil? || text.empty?

    [text, text.unpack1('m').force_encoding(Encoding::UTF_8)].each do |candidate|
      return JSON.parse(candidate)
    rescue JSON::ParserError
      next
    end
    nil
  end
end
