# frozen_string_literal: true

module AwsLambda
  # What `marshall_request` is given: a request of the Runtime API, as far as functions look at it.
  RawRequest = Struct.new(:body) do
    def [](header)
      'application/json' if header.to_s.casecmp?('content-type')
    end
  end

  # Between JSON and Ruby. Functions may replace either method, as on AWS.
  class Marshaller
    class << self
      def marshall_request(raw_request)
        JSON.parse(raw_request.body)
      end

      # A stream's content is the answer as it is; everything else becomes JSON.
      def marshall_response(method_response)
        case method_response
        when StringIO, IO then [method_response, 'application/unknown']
        else method_response.to_json
        end
      end
    end
  end
end
