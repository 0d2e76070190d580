# frozen_string_literal: true

# The Ruby side of an execution environment. Started in the sandbox as `ruby bootstrap.rb` with the frame socket as
# descriptor 3; stdout and stderr are the log. Written for Ruby 2.7 and newer, nothing but the standard library.
#
# READY when warmed up -> ASSIGN: variables, directory, handler -> INIT_DONE or ERROR -> INVOKE, RESULT or ERROR, ...
# With the argument `assigned` its variables are set, by a wrapper perhaps, and ASSIGN lies in the socket already.
# What AWS's runtime takes for critical (a missing method or name, exit, whatever is no StandardError) ends the process
# after its answer; the ERROR frame carries no request id then and says so to core.

require 'json'
require 'logger'
require 'stringio'
require_relative 'channel'
require_relative 'context'
require_relative 'errors'
require_relative 'handler'
require_relative 'logging'
require_relative 'marshaller'
require_relative 'surroundings'

module Lambent
  class Runtime
    # AWS's limit of an answer; core would refuse more, and need not be sent it.
    ANSWER_LIMIT = 6_291_556
    TOO_LARGE = {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: "Response payload size exceeded maximum allowed payload size (#{ANSWER_LIMIT} bytes)."
    }.freeze
    # Exit codes of AWS's runtime client.
    EXIT_CRITICAL = -1 & 0xff
    EXIT_INIT = -4 & 0xff

    attr_writer :handler

    def initialize(channel)
      @channel = channel
      @handler = nil
    end

    # Args: `in_place`, whether the variables are to be set, because this process has started without them.
    def init(frame, in_place:)
      assignment = JSON.parse(frame.payload)
      Surroundings.take_over(assignment['environment']) if in_place
      task_root = assignment['task_root'] || ENV.fetch('LAMBDA_TASK_ROOT')
      Surroundings.find_packages(task_root, in_place: in_place)
      Logging.configure(ENV)
      Dir.chdir(task_root)
      @handler = LambdaHandler.new(env_handler: in_place ? assignment['handler'] : ENV.fetch('_HANDLER'))
      require @handler.handler_file_name
      @channel.send(Channel::INIT_DONE, Channel::NO_REQUEST, '')
    rescue Exception => e # rubocop:disable Lint/RescueException - whatever a file does when it is loaded
      give_up('Init error when loading handler ', Errors.document(e, 'Init'), EXIT_INIT)
    end

    # Serve until core's end is closed.
    def run
      while (frame = @channel.read) && frame.type == Channel::INVOKE
        invoke(frame)
      end
    end

    def invoke(frame)
      metadata, event = frame.invocation
      context = LambdaContext.new(frame.request_id, frame.deadline, metadata)
      Logging.request_id = context.aws_request_id
      Logging.tenant_id = context.tenant_id
      Surroundings.trace(metadata['trace_id'])
      answer = call(event, context)
      if answer.bytesize > ANSWER_LIMIT
        @channel.send(Channel::ERROR, frame.request_bytes, JSON.generate(TOO_LARGE))
      else
        @channel.send(Channel::RESULT, frame.request_bytes, answer)
      end
    rescue Errors::Handled => e
      Logging.error('Error raised from handler method', e.document)
      @channel.send(Channel::ERROR, frame.request_bytes, JSON.generate(e.document))
    end

    private

    # The answer's bytes. Making them of what the handler returns is part of the call: it may fail by the same rules.
    def call(event, context)
      request = AwsLambda::Marshaller.marshall_request(AwsLambda::RawRequest.new(event))
      returned = @handler.call_handler(request: request, context: context)
      answer, = AwsLambda::Marshaller.marshall_response(returned)
      answer.respond_to?(:read) ? answer.read.to_s : answer
    rescue NameError => e
      give_up('Critical exception from handler', Errors.document(e), EXIT_CRITICAL)
    rescue StandardError => e
      raise Errors::Handled, Errors.document(e)
    rescue Exception => e # rubocop:disable Lint/RescueException - exit, among others
      give_up('Critical exception from handler', Errors.document(e), EXIT_CRITICAL)
    end

    # The last thing that this process says.
    def give_up(title, document, status)
      Logging.error(title, document)
      @channel.send(Channel::ERROR, Channel::NO_REQUEST, JSON.generate(document))
    ensure
      exit(status)
    end
  end

  # Go once through everything that a first call would otherwise be the first to use.
  module WarmUp
    Rehearsal = Struct.new(:sent) do
      def send(type, *)
        sent << type
      end
    end

    def self.run
      features = $LOADED_FEATURES.dup
      require_relative 'warm_up'
      channel = Rehearsal.new([])
      runtime = Runtime.new(channel)
      runtime.handler = LambdaHandler.new(env_handler: 'warm_up.LambentWarmUp.handler')
      metadata = JSON.generate({})
      payload = [metadata.bytesize].pack('S<') + metadata + JSON.generate({ 'a' => [1, 'é'] })
      3.times { runtime.invoke(Frame.new(Channel::INVOKE, "\0" * 16, 0, payload)) }
      raise 'the rehearsal of an invocation failed' unless channel.sent == [Channel::RESULT] * 3

      Errors.document(RuntimeError.new('rehearsal'))
      Object.send(:remove_const, :LambentWarmUp)
      $LOADED_FEATURES.replace(features)
      GC.start
    end
  end

  def self.main
    is_assigned = ARGV.shift == 'assigned'
    Logging.install
    runtime = Runtime.new(channel = Channel.new(3))
    WarmUp.run unless is_assigned
    Logging.request_id = nil
    channel.send(Channel::READY, Channel::NO_REQUEST, '') unless is_assigned
    frame = channel.read
    exit!(0) if frame.nil? || frame.type != Channel::ASSIGN
    runtime.init(frame, in_place: !is_assigned)
    runtime.run
    exit!(0)
  end
end

Lambent.main
