# frozen_string_literal: true

module Lambent
  # One frame. `deadline` is in calendar milliseconds, 0 for none.
  Frame = Struct.new(:type, :request_bytes, :deadline, :payload) do
    # The request's UUID as text.
    def request_id
      request_bytes.unpack('H8H4H4H4H12').join('-')
    end

    # Of an INVOKE: its metadata, parsed, and the bytes of the event.
    def invocation
      size = payload.unpack1('S<')
      metadata = payload.byteslice(2, size)
      event = payload.byteslice(2 + size, payload.bytesize).force_encoding(Encoding::UTF_8)
      [metadata.empty? ? {} : JSON.parse(metadata), event.empty? ? '{}' : event]
    end
  end

  # Frames on a descriptor (docs/design.md, section 4.1), read and written synchronously and without a buffer of Ruby's,
  # which would want to seek between the two directions.
  class Channel
    READY = 0
    ASSIGN = 1
    INIT_DONE = 2
    INVOKE = 3
    RESULT = 4
    ERROR = 5
    NO_REQUEST = "\0" * 16

    HEADER = 'L<Ca16Q<'
    HEADER_SIZE = 29
    READ_SIZE = 65_536

    def initialize(descriptor)
      @io = IO.for_fd(descriptor, 'r+b', autoclose: false)
      @io.close_on_exec = true # not for what a function starts
      @buffer = String.new(capacity: READ_SIZE, encoding: Encoding::BINARY)
    end

    # The next frame, or nil when core has gone.
    def read
      return unless fill(HEADER_SIZE)

      size, type, request, deadline = @buffer.slice!(0, HEADER_SIZE).unpack(HEADER)
      return unless fill(size)

      Frame.new(type, request, deadline, @buffer.slice!(0, size))
    end

    def send(type, request, payload)
      payload = payload.b
      write([payload.bytesize, type, request, 0].pack(HEADER) + payload)
    end

    private

    def fill(size)
      @buffer << read_some([size - @buffer.bytesize, READ_SIZE].max) while @buffer.bytesize < size
      true
    rescue EOFError, Errno::ECONNRESET, Errno::EBADF, IOError
      false
    end

    def read_some(size)
      @io.sysread(size)
    rescue Errno::EAGAIN
      IO.select([@io])
      retry
    end

    def write(bytes)
      until bytes.empty?
        begin
          written = @io.syswrite(bytes)
          bytes = bytes.byteslice(written, bytes.bytesize)
        rescue Errno::EAGAIN
          IO.select(nil, [@io])
        end
      end
    end
  end
end
