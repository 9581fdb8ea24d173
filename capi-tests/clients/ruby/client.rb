# A client in Ruby, through ffi-rzmq: `alone FOLDER`, `server`, or `client ENDPOINT`. See ../README.md.
require 'ffi-rzmq'

$stdout.sync = true
ROLE, PLACE = ARGV
CONTEXT = ZMQ::Context.new

def check(what, holds)
  raise "#{what} failed: #{ZMQ::Util.error_string}" unless holds
end

def fine(what, status)
  check(what, ZMQ::Util.resultcode_ok?(status))
end

def socket(type)
  socket = CONTEXT.socket(type)
  check('socket', socket)
  fine('linger', socket.setsockopt(ZMQ::LINGER, 10_000))
  fine('timeout', socket.setsockopt(ZMQ::RCVTIMEO, 10_000))
  socket
end

def receive(socket)
  parts = []
  fine('receive', socket.recv_strings(parts))
  parts
end

def server
  socket = socket(ZMQ::REP)
  fine('bind', socket.bind('tcp://127.0.0.1:*'))
  endpoint = []
  fine('endpoint', socket.getsockopt(ZMQ::LAST_ENDPOINT, endpoint))
  puts "endpoint #{endpoint[0].delete("\0")}"
  loop do
    parts = receive(socket)
    fine('send', socket.send_strings(parts.reverse))
    break if parts[0] == 'end'
  end
  socket.close
end

def client
  socket = socket(ZMQ::REQ)
  fine('connect', socket.connect(PLACE))
  100.times do |number|
    body = (number % 256).chr.b * (number * 97)
    fine('send', socket.send_strings([number.to_s, 'ruby', body]))
    check("reply #{number}", receive(socket).map(&:b) == [body, 'ruby'.b, number.to_s.b])
  end
  fine('send', socket.send_string('end'))
  check('the end', receive(socket) == ['end'])
  socket.close
end

def alone
  pull, push = socket(ZMQ::PULL), socket(ZMQ::PUSH)
  fine('bind', pull.bind("ipc://#{PLACE}/ruby"))
  fine('connect', push.connect("ipc://#{PLACE}/ruby"))
  body = 'x' * 1_000_000
  fine('send', push.send_strings(['first', body, '']))
  check('three parts over ipc', receive(pull) == ['first', body, ''])

  pub, sub = socket(ZMQ::PUB), socket(ZMQ::SUB)
  fine('bind', pub.bind('inproc://news'))
  fine('connect', sub.connect('inproc://news'))
  fine('subscribe', sub.setsockopt(ZMQ::SUBSCRIBE, 'a'))
  %w[b1 a1 b2 a2].each { |text| fine('send', pub.send_string(text)) }
  check('topics', receive(sub) + receive(sub) == %w[a1 a2])
  none = +''
  check('nothing more to receive', sub.recv_string(none, ZMQ::DONTWAIT) == -1 && ZMQ::Util.errno == ZMQ::EAGAIN)

  poller = ZMQ::Poller.new
  poller.register_readable(pull)
  poller.register_readable(sub)
  fine('send', push.send_string('wake'))
  check('poll', poller.poll(10_000) == 1 && poller.readables == [pull])
  [pull, push, pub, sub].each(&:close)
end

send(ROLE)
fine('terminate', CONTEXT.terminate)
puts "version #{LibZMQ.version.values_at(:major, :minor, :patch).join('.')}"
File.read('/proc/self/maps').scan(%r{ (/\S*/libzmq[^/\s]*\.so[^/\s]*)}).flatten.uniq.each { |file| puts "library #{file}" }
puts 'done'
