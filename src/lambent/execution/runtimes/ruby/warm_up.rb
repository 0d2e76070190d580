# frozen_string_literal: true

# Called before READY, so that a function's first call finds the machinery warm.
module LambentWarmUp
  def self.handler(event:, context:)
    { 'echo' => event, 'left' => context.get_remaining_time_in_millis, 'list' => [1.5, nil, { 'text' => 'é' }] }
  end
end
