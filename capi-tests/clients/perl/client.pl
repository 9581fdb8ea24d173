# A client in Perl, through ZMQ::FFI: `alone FOLDER`, `server`, or `client ENDPOINT`. See ../README.md.
use strict;
use warnings;
use ZMQ::FFI;
use ZMQ::FFI::Constants qw(ZMQ_REQ ZMQ_REP ZMQ_PUSH ZMQ_PULL ZMQ_PUB ZMQ_SUB ZMQ_DONTWAIT);

$| = 1;
my ( $role, $place ) = @ARGV;
my $context = ZMQ::FFI->new( soname => 'libzmq.so.5' );

sub check { my ( $what, $holds ) = @_; $holds or die "$what failed\n"; }

sub socket_of {
    my ($type) = @_;
    my $socket = $context->socket($type);
    $socket->set_linger(0);
    $socket->set( 27, 'int', 10_000 );    # ZMQ_RCVTIMEO
    return $socket;
}

sub server {
    my $socket = socket_of(ZMQ_REP);
    $socket->bind('tcp://127.0.0.1:*');
    print 'endpoint ', $socket->get( 32, 'string' ), "\n";    # ZMQ_LAST_ENDPOINT
    while (1) {
        my @parts = $socket->recv_multipart();
        $socket->send_multipart( [ reverse @parts ] );
        last if $parts[0] eq 'end';
    }
    $socket->set_linger(10_000);
    $socket->close();
}

sub client {
    my $socket = socket_of(ZMQ_REQ);
    $socket->connect($place);
    for my $number ( 0 .. 99 ) {
        my $body = chr( $number % 256 ) x ( $number * 97 );
        $socket->send_multipart( [ "$number", 'perl', $body ] );
        my @parts = $socket->recv_multipart();
        check( "reply $number", "@parts" eq "$body perl $number" );
    }
    $socket->send('end');
    check( 'the end', $socket->recv() eq 'end' );
    $socket->close();
}

sub alone {
    my ( $push, $pull ) = ( socket_of(ZMQ_PUSH), socket_of(ZMQ_PULL) );
    $pull->bind("ipc://$place/perl");
    $push->connect("ipc://$place/perl");
    my $body = 'x' x 1_000_000;
    $push->send_multipart( [ 'first', $body, '' ] );
    my @parts = $pull->recv_multipart();
    check( 'three parts over ipc', @parts == 3 && $parts[1] eq $body && $parts[2] eq '' );

    my ( $pub, $sub ) = ( socket_of(ZMQ_PUB), socket_of(ZMQ_SUB) );
    $pub->bind('inproc://news');
    $sub->connect('inproc://news');
    $sub->subscribe('a');
    $pub->send($_) for qw(b1 a1 b2 a2);
    check( 'topics', $sub->recv() . $sub->recv() eq 'a1a2' );

    $sub->die_on_error(0);
    $sub->recv(ZMQ_DONTWAIT);
    check( 'nothing more to receive', $sub->has_error() && $sub->last_errno() == 11 );
    $_->close() for $push, $pull, $pub, $sub;
}

{ server => \&server, client => \&client, alone => \&alone }->{$role}->();
$context->destroy();
print 'version ', join( '.', $context->version() ), "\n";
open my $maps, '<', '/proc/self/maps' or die;
my %files = map { m{(/\S*/libzmq[^/\s]*\.so[^/\s]*)} ? ( $1 => 1 ) : () } <$maps>;
print "library $_\n" for sort keys %files;
print "done\n";
