<?php
// A client in PHP, through the extension zmq: `alone FOLDER`, `server`, or `client ENDPOINT`. See ../README.md.

[, $role] = $argv;
$place = $argv[2] ?? '';
$context = new ZMQContext(1, false);

function check(string $what, bool $holds): void
{
    if (!$holds) {
        throw new Exception("$what failed");
    }
}

function socket(int $type): ZMQSocket
{
    global $context;
    $socket = new ZMQSocket($context, $type);
    $socket->setSockOpt(ZMQ::SOCKOPT_LINGER, 10000);
    $socket->setSockOpt(ZMQ::SOCKOPT_RCVTIMEO, 10000);
    return $socket;
}

function server(): void
{
    $socket = socket(ZMQ::SOCKET_REP);
    $socket->bind('tcp://127.0.0.1:*');
    echo 'endpoint ', $socket->getSockOpt(ZMQ::SOCKOPT_LAST_ENDPOINT), "\n";
    do {
        $parts = $socket->recvMulti();
        $socket->sendMulti(array_reverse($parts));
    } while ($parts[0] !== 'end');
}

function client(string $endpoint): void
{
    $socket = socket(ZMQ::SOCKET_REQ);
    $socket->connect($endpoint);
    for ($number = 0; $number < 100; $number++) {
        $body = str_repeat(chr($number % 256), $number * 97);
        $socket->sendMulti(["$number", 'php', $body]);
        check("reply $number", $socket->recvMulti() === [$body, 'php', "$number"]);
    }
    $socket->send('end');
    check('the end', $socket->recv() === 'end');
}

function alone(string $folder): void
{
    $pull = socket(ZMQ::SOCKET_PULL);
    $push = socket(ZMQ::SOCKET_PUSH);
    $pull->bind("ipc://$folder/php");
    $push->connect("ipc://$folder/php");
    $body = str_repeat('x', 1000000);
    $push->sendMulti(['first', $body, '']);
    check('three parts over ipc', $pull->recvMulti() === ['first', $body, '']);

    $pub = socket(ZMQ::SOCKET_PUB);
    $sub = socket(ZMQ::SOCKET_SUB);
    $pub->bind('inproc://news');
    $sub->connect('inproc://news');
    $sub->setSockOpt(ZMQ::SOCKOPT_SUBSCRIBE, 'a');
    foreach (['b1', 'a1', 'b2', 'a2'] as $text) {
        $pub->send($text);
    }
    check('topics', $sub->recv() . $sub->recv() === 'a1a2');
    check('nothing more to receive', $sub->recv(ZMQ::MODE_DONTWAIT) === false);

    $poll = new ZMQPoll();
    $poll->add($pull, ZMQ::POLL_IN);
    $poll->add($sub, ZMQ::POLL_IN);
    $push->send('wake');
    $readable = $writable = [];
    check('poll', $poll->poll($readable, $writable, 10000) === 1 && $readable[0] === $pull);
    check('a socket knows its endpoints', array_keys($pull->getEndpoints()) === ['connect', 'bind']);
    $pull->unbind("ipc://$folder/php");
}

match ($role) {
    'server' => server(),
    'client' => client($place),
    'alone' => alone($place),
};
unset($context);
preg_match_all('~ (/\S*/libzmq[^/\s]*\.so[^/\s]*)~', file_get_contents('/proc/self/maps'), $found);
foreach (array_unique($found[1]) as $file) {
    echo "library $file\n";
}
echo "version ", ZMQ::LIBZMQ_VER, "\n", "done\n";
