/* SPDX-License-Identifier: MPL-2.0 */

/* The C API of libzmq. Generated from src/capi by cbindgen: do not edit. */

#ifndef __ZMQ_H_INCLUDED__
#define __ZMQ_H_INCLUDED__



/* ---- The version as one number, to be compared --------------------------- */

#define ZMQ_MAKE_VERSION(major, minor, patch) \
    ((major) * 10000 + (minor) * 100 + (patch))
#define ZMQ_VERSION \
    ZMQ_MAKE_VERSION(ZMQ_VERSION_MAJOR, ZMQ_VERSION_MINOR, ZMQ_VERSION_PATCH)

/* ---- What is needed of the system ---------------------------------------- */

#if !defined _WIN32_WCE
#include <errno.h>
#endif
#include <stddef.h>
#include <stdio.h>

/* The integer types of fixed size. */
#define ZMQ_DEFINED_STDINT 1
#if defined ZMQ_HAVE_SOLARIS || defined ZMQ_HAVE_OPENVMS
#include <inttypes.h>
#elif defined _MSC_VER && _MSC_VER < 1600
#ifndef int32_t
typedef __int32 int32_t;
#endif
#ifndef uint8_t
typedef unsigned __int8 uint8_t;
#endif
#ifndef uint16_t
typedef unsigned __int16 uint16_t;
#endif
#ifndef uint32_t
typedef unsigned __int32 uint32_t;
#endif
#ifndef uint64_t
typedef unsigned __int64 uint64_t;
#endif
#else
#include <stdint.h>
#endif

/* sigset_t, which strict C has only in the second of these. */
#if !defined _WIN32
#include <signal.h>
#if defined ZMQ_BUILD_DRAFT_API
#include <sys/select.h>
#endif
#endif

/* AIX renames the members of its pollfd by macros that also meet ours. */
#if defined ZMQ_HAVE_AIX
#include <poll.h>
#endif

/* How functions are marked that the library exports. */
#if defined ZMQ_NO_EXPORT
#define ZMQ_EXPORT
#elif defined _WIN32
#if defined ZMQ_STATIC
#define ZMQ_EXPORT
#elif defined DLL_EXPORT
#define ZMQ_EXPORT __declspec(dllexport)
#else
#define ZMQ_EXPORT __declspec(dllimport)
#endif
#elif defined __SUNPRO_C || defined __SUNPRO_CC
#define ZMQ_EXPORT __global
#elif defined __INTEL_COMPILER || (defined __GNUC__ && __GNUC__ >= 4)
#define ZMQ_EXPORT __attribute__((visibility("default")))
#else
#define ZMQ_EXPORT
#endif

/* ---- Error numbers that a system may lack -------------------------------- */

#ifndef ENOTSUP
#define ENOTSUP (ZMQ_HAUSNUMERO + 1)
#endif
#ifndef EPROTONOSUPPORT
#define EPROTONOSUPPORT (ZMQ_HAUSNUMERO + 2)
#endif
#ifndef ENOBUFS
#define ENOBUFS (ZMQ_HAUSNUMERO + 3)
#endif
#ifndef ENETDOWN
#define ENETDOWN (ZMQ_HAUSNUMERO + 4)
#endif
#ifndef EADDRINUSE
#define EADDRINUSE (ZMQ_HAUSNUMERO + 5)
#endif
#ifndef EADDRNOTAVAIL
#define EADDRNOTAVAIL (ZMQ_HAUSNUMERO + 6)
#endif
#ifndef ECONNREFUSED
#define ECONNREFUSED (ZMQ_HAUSNUMERO + 7)
#endif
#ifndef EINPROGRESS
#define EINPROGRESS (ZMQ_HAUSNUMERO + 8)
#endif
#ifndef ENOTSOCK
#define ENOTSOCK (ZMQ_HAUSNUMERO + 9)
#endif
#ifndef EMSGSIZE
#define EMSGSIZE (ZMQ_HAUSNUMERO + 10)
#endif
#ifndef EAFNOSUPPORT
#define EAFNOSUPPORT (ZMQ_HAUSNUMERO + 11)
#endif
#ifndef ENETUNREACH
#define ENETUNREACH (ZMQ_HAUSNUMERO + 12)
#endif
#ifndef ECONNABORTED
#define ECONNABORTED (ZMQ_HAUSNUMERO + 13)
#endif
#ifndef ECONNRESET
#define ECONNRESET (ZMQ_HAUSNUMERO + 14)
#endif
#ifndef ENOTCONN
#define ENOTCONN (ZMQ_HAUSNUMERO + 15)
#endif
#ifndef ETIMEDOUT
#define ETIMEDOUT (ZMQ_HAUSNUMERO + 16)
#endif
#ifndef EHOSTUNREACH
#define EHOSTUNREACH (ZMQ_HAUSNUMERO + 17)
#endif
#ifndef ENETRESET
#define ENETRESET (ZMQ_HAUSNUMERO + 18)
#endif

/* ---- What is there, and names of message properties ---------------------- */

#define ZMQ_HAVE_TIMERS
#if defined ZMQ_BUILD_DRAFT_API
#define ZMQ_HAVE_POLLER
#define ZMQ_MSG_PROPERTY_ROUTING_ID "Routing-Id"
#define ZMQ_MSG_PROPERTY_SOCKET_TYPE "Socket-Type"
#define ZMQ_MSG_PROPERTY_USER_ID "User-Id"
#define ZMQ_MSG_PROPERTY_PEER_ADDRESS "Peer-Address"
#endif

/* ---- Types --------------------------------------------------------------- */

#ifdef __cplusplus
extern "C" {
#endif

/* A descriptor of the system's. */
#if defined _WIN64
typedef unsigned __int64 zmq_fd_t;
#elif defined _WIN32
typedef unsigned int zmq_fd_t;
#else
typedef int zmq_fd_t;
#endif

/* One part of a message: 64 octets that only the zmq_msg functions look into,
 * aligned as a pointer is. */
typedef struct zmq_msg_t
{
#if defined _MSC_VER && (defined _M_X64 || defined _M_ARM64)
    __declspec(align(8)) unsigned char _[64];
#elif defined _MSC_VER && \
  (defined _M_IX86 || defined _M_ARM || defined _M_ARM_ARMV7VE)
    __declspec(align(4)) unsigned char _[64];
#elif defined __GNUC__ || defined __INTEL_COMPILER || \
  (defined __SUNPRO_C && __SUNPRO_C >= 0x590) || \
  (defined __SUNPRO_CC && __SUNPRO_CC >= 0x590)
    unsigned char _[64] __attribute__((aligned(sizeof(void *))));
#else
    unsigned char _[64];
#endif
} zmq_msg_t;

/* Frees a body handed to zmq_msg_init_data. May be called from any thread. */
typedef void(zmq_free_fn)(void *data, void *hint);

/* Called by zmq_timers_execute when a timer is due. */
typedef void(zmq_timer_fn)(int timer_id, void *arg);

/* What zmq_threadstart runs. */
typedef void(zmq_thread_fn)(void *arg);

/* As in sys/uio.h. */
struct iovec;

/* ---- Numbers, poll items, functions -------------------------------------- */


/* Major version of this header. */
#define ZMQ_VERSION_MAJOR 4

/* Minor version of this header. */
#define ZMQ_VERSION_MINOR 3

/* Patch level of this header. */
#define ZMQ_VERSION_PATCH 5

/* Where ZeroMQ's own error numbers begin, far from those of any system. */
#define ZMQ_HAUSNUMERO 156384712

/* The operation does not fit the state of the socket (REQ and REP). */
#define EFSM (ZMQ_HAUSNUMERO + 51)

/* The transport does not carry this type of socket. */
#define ENOCOMPATPROTO (ZMQ_HAUSNUMERO + 52)

/* The context was terminated. */
#define ETERM (ZMQ_HAUSNUMERO + 53)

/* No I/O thread is there to do the work. */
#define EMTHREAD (ZMQ_HAUSNUMERO + 54)

/* Context option: number of I/O threads, 0 or more; counts until the first socket is made. */
#define ZMQ_IO_THREADS 1

/* Context option: most sockets open at once, 1 or more. */
#define ZMQ_MAX_SOCKETS 2

/* Context option, get only: the largest value that ZMQ_MAX_SOCKETS may have. */
#define ZMQ_SOCKET_LIMIT 3

/* Context option, set only: scheduling priority of the I/O threads. */
#define ZMQ_THREAD_PRIORITY 3

/* Context option: scheduling policy of the I/O threads. */
#define ZMQ_THREAD_SCHED_POLICY 4

/* Context option: largest message to be sent, in octets. */
#define ZMQ_MAX_MSGSZ 5

/* Context option, get only: size of zmq_msg_t in octets. */
#define ZMQ_MSG_T_SIZE 6

/* Context option, set only: adds a CPU to those that I/O threads may run on. */
#define ZMQ_THREAD_AFFINITY_CPU_ADD 7

/* Context option, set only: takes a CPU away again. */
#define ZMQ_THREAD_AFFINITY_CPU_REMOVE 8

/* Context option: a number put in front of the names of I/O threads. */
#define ZMQ_THREAD_NAME_PREFIX 9

/* Default of ZMQ_IO_THREADS. */
#define ZMQ_IO_THREADS_DFLT 1

/* Default of ZMQ_MAX_SOCKETS. */
#define ZMQ_MAX_SOCKETS_DFLT 1023

/* Default of ZMQ_THREAD_PRIORITY: leave it to the system. */
#define ZMQ_THREAD_PRIORITY_DFLT -1

/* Default of ZMQ_THREAD_SCHED_POLICY: leave it to the system. */
#define ZMQ_THREAD_SCHED_POLICY_DFLT -1

/* Context option: 0 gives new sockets a ZMQ_LINGER of 0. */
#define ZMQ_BLOCKY 70

#if defined(ZMQ_BUILD_DRAFT_API)
/* Context option: 1 if received messages may share the receive buffer. */
#define ZMQ_ZERO_COPY_RECV 10
#endif

/* Socket type: one peer, both ways. */
#define ZMQ_PAIR 0

/* Socket type: sends to all who subscribed. */
#define ZMQ_PUB 1

/* Socket type: receives what it subscribed to. */
#define ZMQ_SUB 2

/* Socket type: sends a request, receives its reply, in turn. */
#define ZMQ_REQ 3

/* Socket type: receives a request, sends its reply, in turn. */
#define ZMQ_REP 4

/* Socket type: sends to its peers in turn, receives from all fairly. */
#define ZMQ_DEALER 5

/* Socket type: addresses its peers by routing id. */
#define ZMQ_ROUTER 6

/* Socket type: receives from all PUSH peers fairly. */
#define ZMQ_PULL 7

/* Socket type: sends to its PULL peers in turn. */
#define ZMQ_PUSH 8

/* Socket type: PUB that receives the subscriptions. */
#define ZMQ_XPUB 9

/* Socket type: SUB that sends subscriptions as messages. */
#define ZMQ_XSUB 10

/* Socket type: speaks plain TCP, addressing peers by routing id. */
#define ZMQ_STREAM 11

/* Deprecated name of ZMQ_DEALER. */
#define ZMQ_XREQ ZMQ_DEALER

/* Deprecated name of ZMQ_ROUTER. */
#define ZMQ_XREP ZMQ_ROUTER

/* Deprecated device type: PULL to PUSH. */
#define ZMQ_STREAMER 1

/* Deprecated device type: XSUB to XPUB. */
#define ZMQ_FORWARDER 2

/* Deprecated device type: ROUTER to DEALER. */
#define ZMQ_QUEUE 3

#if defined(ZMQ_BUILD_DRAFT_API)
/* Draft socket type: answers many CLIENT peers; thread safe. */
#define ZMQ_SERVER 12

/* Draft socket type: talks to SERVER peers; thread safe. */
#define ZMQ_CLIENT 13

/* Draft socket type: sends to groups; thread safe. */
#define ZMQ_RADIO 14

/* Draft socket type: receives from the groups it joined; thread safe. */
#define ZMQ_DISH 15

/* Draft socket type: receives from SCATTER peers; thread safe. */
#define ZMQ_GATHER 16

/* Draft socket type: sends to GATHER peers in turn; thread safe. */
#define ZMQ_SCATTER 17

/* Draft socket type: plain UDP datagrams. */
#define ZMQ_DGRAM 18

/* Draft socket type: addresses its peers by number; thread safe. */
#define ZMQ_PEER 19

/* Draft socket type: one peer, both ways; thread safe. */
#define ZMQ_CHANNEL 20
#endif

/* Message property: 1 if further parts of the same message follow. */
#define ZMQ_MORE 1

/* Message property: 1 if the body may be shared with a copy. */
#define ZMQ_SHARED 3

/* Message property, deprecated: descriptor the message came through. */
#define ZMQ_SRCFD 2

/* Send and receive flag: fail with EAGAIN rather than wait. */
#define ZMQ_DONTWAIT 1

/* Send flag: further parts of the same message follow. */
#define ZMQ_SNDMORE 2

/* Deprecated name of ZMQ_DONTWAIT. */
#define ZMQ_NOBLOCK ZMQ_DONTWAIT

/* Security mechanism: none. */
#define ZMQ_NULL 0

/* Security mechanism: user name and password in clear text. */
#define ZMQ_PLAIN 1

/* Security mechanism: CURVE, by key pairs. */
#define ZMQ_CURVE 2

/* Security mechanism: GSSAPI, as with Kerberos. */
#define ZMQ_GSSAPI 3

/* Longest name of a RADIO and DISH group, in octets. */
#define ZMQ_GROUP_MAX_LENGTH 255

/* Poll event: a message, or octets of a descriptor, can be received. */
#define ZMQ_POLLIN 1

/* Poll event: can be sent to. */
#define ZMQ_POLLOUT 2

/* Poll event: error on a descriptor. */
#define ZMQ_POLLERR 4

/* Poll event: urgent data on a descriptor. */
#define ZMQ_POLLPRI 8

/* Up to how many items polling is cheapest. */
#define ZMQ_POLLITEMS_DFLT 16

/* zmq_has is there. */
#define ZMQ_HAS_CAPABILITIES 1

/* Connected to a peer; value: descriptor. */
#define ZMQ_EVENT_CONNECTED 1

/* Connecting goes on in the background; value: error number. */
#define ZMQ_EVENT_CONNECT_DELAYED 2

/* Connecting will be tried again; value: milliseconds until then. */
#define ZMQ_EVENT_CONNECT_RETRIED 4

/* Listening; value: descriptor. */
#define ZMQ_EVENT_LISTENING 8

/* Binding failed; value: error number. */
#define ZMQ_EVENT_BIND_FAILED 16

/* A connection was accepted; value: descriptor. */
#define ZMQ_EVENT_ACCEPTED 32

/* Accepting failed; value: error number. */
#define ZMQ_EVENT_ACCEPT_FAILED 64

/* Closed; value: descriptor. */
#define ZMQ_EVENT_CLOSED 128

/* Closing failed; value: error number. */
#define ZMQ_EVENT_CLOSE_FAILED 256

/* A connection broke; value: descriptor. */
#define ZMQ_EVENT_DISCONNECTED 512

/* Monitoring ends; no events follow. */
#define ZMQ_EVENT_MONITOR_STOPPED 1024

/* All events of version 1. */
#define ZMQ_EVENT_ALL 65535

/* The handshake failed; value: error number. */
#define ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL 2048

/* The handshake is done, the peer is ready; value: 0. */
#define ZMQ_EVENT_HANDSHAKE_SUCCEEDED 4096

/* The peer or the ZAP handler broke the protocol; value: a ZMQ_PROTOCOL_ERROR. */
#define ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL 8192

/* The peer was refused; value: status code of the ZAP handler. */
#define ZMQ_EVENT_HANDSHAKE_FAILED_AUTH 16384

/* Protocol error: the peer broke ZMTP. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED 268435456

/* Protocol error: a command that does not belong here. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND 268435457

/* Protocol error: a command out of order, or a nonce that is not greater. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE 268435458

/* Protocol error: key exchange. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE 268435459

/* Protocol error: malformed command. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED 268435473

/* Protocol error: malformed MESSAGE. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE 268435474

/* Protocol error: malformed HELLO. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO 268435475

/* Protocol error: malformed INITIATE. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE 268435476

/* Protocol error: malformed ERROR. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR 268435477

/* Protocol error: malformed READY. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY 268435478

/* Protocol error: malformed WELCOME. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME 268435479

/* Protocol error: metadata that does not parse, or the wrong socket type. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA 268435480

/* Protocol error: a box that does not open. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC 285212673

/* Protocol error: different mechanisms. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH 285212674

/* Protocol error: the ZAP handler broke its protocol. */
#define ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED 536870912

/* Protocol error: malformed reply of the ZAP handler. */
#define ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY 536870913

/* Protocol error: a ZAP reply to another request. */
#define ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID 536870914

/* Protocol error: a ZAP reply of another version. */
#define ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION 536870915

/* Protocol error: a ZAP status other than 200, 300, 400, 500. */
#define ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE 536870916

/* Protocol error: metadata of a ZAP reply that does not parse. */
#define ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA 536870917

/* Protocol error: the peer broke WebSocket. */
#define ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED 805306368

#if defined(ZMQ_BUILD_DRAFT_API)
/* Draft: how full the queues are; values: messages to send, messages received. */
#define ZMQ_EVENT_PIPES_STATS 65536

/* Newest version of monitor events. */
#define ZMQ_CURRENT_EVENT_VERSION 1

/* Newest draft version of monitor events. */
#define ZMQ_CURRENT_EVENT_VERSION_DRAFT 2

/* All events of version 1. */
#define ZMQ_EVENT_ALL_V1 ZMQ_EVENT_ALL

/* All events of version 2. */
#define ZMQ_EVENT_ALL_V2 (ZMQ_EVENT_ALL_V1 | ZMQ_EVENT_PIPES_STATS)
#endif

/* Option (bits): which I/O threads may serve new connections; bit n = thread n, 0 = any. */
#define ZMQ_AFFINITY 4

/* Option (octets): identity this socket announces to ROUTER peers (1..255 bytes). */
#define ZMQ_ROUTING_ID 5

/*
 Option (octets, set only): add a topic prefix filter (SUB; on XPUB/PUB only in manual mode,
 applied to the last subscriber).
 */
#define ZMQ_SUBSCRIBE 6

/* Option (octets, set only): remove one topic prefix filter. */
#define ZMQ_UNSUBSCRIBE 7

/* Option (kbit/s): multicast send/receive rate ceiling. */
#define ZMQ_RATE 8

/* Option (milliseconds): multicast recovery window. */
#define ZMQ_RECOVERY_IVL 9

/* Option (octets): SO_SNDBUF; -1 leaves the OS default. */
#define ZMQ_SNDBUF 11

/* Option (octets): SO_RCVBUF; -1 leaves the OS default. */
#define ZMQ_RCVBUF 12

/* Option (0 or 1, get only): 1 if the message part just received has further parts. */
#define ZMQ_RCVMORE 13

/*
 Option (descriptor, get only): edge-triggered signalling descriptor; not available on
 thread-safe types.
 */
#define ZMQ_FD 14

/*
 Option (bits, get only): POLLIN/POLLOUT readiness; reading it processes pending commands, so
 may fail ETERM/EINTR.
 */
#define ZMQ_EVENTS 15

/* Option (number, get only): socket type constant. */
#define ZMQ_TYPE 16

/* Option (milliseconds): how long unsent messages survive close; -1 forever, 0 drop. */
#define ZMQ_LINGER 17

/* Option (milliseconds): base reconnect delay; -1 disables reconnecting. */
#define ZMQ_RECONNECT_IVL 18

/* Option (number): listen() backlog. */
#define ZMQ_BACKLOG 19

/* Option (milliseconds): cap for exponential back-off; 0 = no back-off. */
#define ZMQ_RECONNECT_IVL_MAX 21

/* Option (octets): largest inbound message; -1 unlimited; peer is dropped when exceeded. */
#define ZMQ_MAXMSGSIZE 22

/* Option (messages): outbound queue limit per peer; 0 unlimited. */
#define ZMQ_SNDHWM 23

/* Option (messages): inbound queue limit per peer; 0 unlimited. */
#define ZMQ_RCVHWM 24

/* Option (hops): multicast TTL. */
#define ZMQ_MULTICAST_HOPS 25

/* Option (milliseconds): recv timeout; -1 block, 0 never block (EAGAIN). */
#define ZMQ_RCVTIMEO 27

/* Option (milliseconds): send timeout; -1 block, 0 never block (EAGAIN). */
#define ZMQ_SNDTIMEO 28

/*
 Option (text, get only): last bound/connected endpoint with wildcards resolved; NUL counted in
 the length.
 */
#define ZMQ_LAST_ENDPOINT 32

/*
 Option (0 or 1, set only): unroutable send fails EHOSTUNREACH (full peer EAGAIN) rather than
 dropping.
 */
#define ZMQ_ROUTER_MANDATORY 33

/* Option (-1, 0 or 1): SO_KEEPALIVE; -1 OS default, 0 off, 1 on. */
#define ZMQ_TCP_KEEPALIVE 34

/* Option (number): TCP_KEEPCNT; -1 OS default. */
#define ZMQ_TCP_KEEPALIVE_CNT 35

/* Option (seconds): TCP_KEEPIDLE / TCP_KEEPALIVE; -1 OS default. */
#define ZMQ_TCP_KEEPALIVE_IDLE 36

/* Option (seconds): TCP_KEEPINTVL; -1 OS default. */
#define ZMQ_TCP_KEEPALIVE_INTVL 37

/* Option (0 or 1): 1 queues only to completed connections. */
#define ZMQ_IMMEDIATE 39

/* Option (0 or 1, set only): pass every subscribe upstream, duplicates included. */
#define ZMQ_XPUB_VERBOSE 40

/* Option (0 or 1, set only): legacy raw TCP mode on ROUTER. */
#define ZMQ_ROUTER_RAW 41

/* Option (0 or 1): allow IPv6 addresses. */
#define ZMQ_IPV6 42

/* Option (number, get only): active security mechanism: 0 NULL 1 PLAIN 2 CURVE 3 GSSAPI. */
#define ZMQ_MECHANISM 43

/* Option (0 or 1): act as PLAIN server. */
#define ZMQ_PLAIN_SERVER 44

/* Option (text): PLAIN client user (1..255); NULL,0 resets to NULL mechanism. */
#define ZMQ_PLAIN_USERNAME 45

/* Option (text): PLAIN client password (1..255); NULL,0 resets to NULL mechanism. */
#define ZMQ_PLAIN_PASSWORD 46

/* Option (0 or 1): act as CURVE server. */
#define ZMQ_CURVE_SERVER 47

/* Option (key): own public key: 32 raw bytes, or 40/41 bytes of Z85 when setting. */
#define ZMQ_CURVE_PUBLICKEY 48

/* Option (key): own secret key. */
#define ZMQ_CURVE_SECRETKEY 49

/* Option (key): public key of the server a client talks to; setting makes it a client. */
#define ZMQ_CURVE_SERVERKEY 50

/* Option (0 or 1, set only): send an empty message to each new connection. */
#define ZMQ_PROBE_ROUTER 51

/* Option (0 or 1, set only): prefix requests with a request id and match replies. */
#define ZMQ_REQ_CORRELATE 52

/* Option (0 or 1, set only): allow a new request before the reply. */
#define ZMQ_REQ_RELAXED 53

/* Option (0 or 1): keep only the newest message in each queue. */
#define ZMQ_CONFLATE 54

/* Option (text): ZAP domain (1..255). */
#define ZMQ_ZAP_DOMAIN 55

/* Option (0 or 1, set only): a new peer with a known id takes over the old connection. */
#define ZMQ_ROUTER_HANDOVER 56

/* Option (number): IP TOS / traffic class. */
#define ZMQ_TOS 57

/* Option (octets, set only): id to give the peer of the next connect. */
#define ZMQ_CONNECT_ROUTING_ID 61

/* Option (0 or 1): act as GSSAPI server. */
#define ZMQ_GSSAPI_SERVER 62

/* Option (text): own GSSAPI principal (1..255). */
#define ZMQ_GSSAPI_PRINCIPAL 63

/* Option (text): server principal a client expects. */
#define ZMQ_GSSAPI_SERVICE_PRINCIPAL 64

/* Option (0 or 1): GSSAPI without encryption. */
#define ZMQ_GSSAPI_PLAINTEXT 65

/* Option (milliseconds): ZMTP handshake limit; 0 none. */
#define ZMQ_HANDSHAKE_IVL 66

/* Option (text): SOCKS5 proxy host:port; NULL,0 clears. */
#define ZMQ_SOCKS_PROXY 68

/* Option (0 or 1, set only): send blocks/EAGAIN at HWM rather than dropping. */
#define ZMQ_XPUB_NODROP 69

/* Option (0 or 1, set only): application decides subscriptions via SUBSCRIBE/UNSUBSCRIBE. */
#define ZMQ_XPUB_MANUAL 71

/* Option (octets, set only): message sent to each new subscriber; empty clears. */
#define ZMQ_XPUB_WELCOME_MSG 72

/* Option (0 or 1, set only): STREAM: empty message on connect/disconnect. */
#define ZMQ_STREAM_NOTIFY 73

/* Option (0 or 1): deliver messages that do NOT match. */
#define ZMQ_INVERT_MATCHING 74

/* Option (milliseconds): ZMTP PING interval; 0 off. */
#define ZMQ_HEARTBEAT_IVL 75

/* Option (milliseconds): TTL announced in PING; stored in 1/10 s (rounded down), max 6553599. */
#define ZMQ_HEARTBEAT_TTL 76

/* Option (milliseconds): wait for traffic after PING; getsockopt default -1 = use HEARTBEAT_IVL. */
#define ZMQ_HEARTBEAT_TIMEOUT 77

/* Option (0 or 1, set only): pass every subscribe and unsubscribe upstream. */
#define ZMQ_XPUB_VERBOSER 78

/* Option (milliseconds): TCP connect limit; 0 = OS default. */
#define ZMQ_CONNECT_TIMEOUT 79

/* Option (milliseconds): TCP_USER_TIMEOUT / TCP_MAXRT; 0 = OS default. */
#define ZMQ_TCP_MAXRT 80

/* Option (0 or 1, get only): 1 for the thread-safe (draft) types. */
#define ZMQ_THREAD_SAFE 81

/* Option (octets): largest multicast datagram. */
#define ZMQ_MULTICAST_MAXTPDU 84

/* Option (octets, set only): VMCI buffer. */
#define ZMQ_VMCI_BUFFER_SIZE 85

/* Option (octets, set only): VMCI minimum buffer. */
#define ZMQ_VMCI_BUFFER_MIN_SIZE 86

/* Option (octets, set only): VMCI maximum buffer. */
#define ZMQ_VMCI_BUFFER_MAX_SIZE 87

/* Option (milliseconds, set only): VMCI connect limit. */
#define ZMQ_VMCI_CONNECT_TIMEOUT 88

/* Option (descriptor): adopt an already bound/listening descriptor; -1 none. */
#define ZMQ_USE_FD 89

/* Option (number): name type of the own principal. */
#define ZMQ_GSSAPI_PRINCIPAL_NAMETYPE 90

/* Option (number): name type of the service principal. */
#define ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE 91

/* Option (text): SO_BINDTODEVICE interface/VRF name (max IFNAMSIZ=16); needs CAP_NET_RAW. */
#define ZMQ_BINDTODEVICE 92

#if defined(ZMQ_BUILD_DRAFT_API)
/* Option (0 or 1): require a ZAP handler when a domain is set. */
#define ZMQ_ZAP_ENFORCE_DOMAIN 93

/* Option (0 or 1): Windows SIO_LOOPBACK_FAST_PATH. */
#define ZMQ_LOOPBACK_FASTPATH 94

/*
 Option (text, set only): "X-key:value" application property sent in the handshake; may be set
 repeatedly.
 */
#define ZMQ_METADATA 95

/* Option (0 or 1): IP_MULTICAST_LOOP. */
#define ZMQ_MULTICAST_LOOP 96

/* Option (bits): empty message on peer connect (1) / disconnect (2). */
#define ZMQ_ROUTER_NOTIFY 97

/* Option (0 or 1, set only): manual mode, next message only to the last subscriber. */
#define ZMQ_XPUB_MANUAL_LAST_VALUE 98

/* Option (text): SOCKS5 user; empty or NULL clears. */
#define ZMQ_SOCKS_USERNAME 99

/* Option (text): SOCKS5 password; empty or NULL clears. */
#define ZMQ_SOCKS_PASSWORD 100

/* Option (octets): receive batch. */
#define ZMQ_IN_BATCH_SIZE 101

/* Option (octets): send batch. */
#define ZMQ_OUT_BATCH_SIZE 102

/* Option (text, set only): TLS private key, PEM. */
#define ZMQ_WSS_KEY_PEM 103

/* Option (text, set only): TLS certificate, PEM. */
#define ZMQ_WSS_CERT_PEM 104

/* Option (text, set only): trusted certificates, PEM. */
#define ZMQ_WSS_TRUST_PEM 105

/* Option (text, set only): expected server name. */
#define ZMQ_WSS_HOSTNAME 106

/* Option (0 or 1, set only): use the system trust store. */
#define ZMQ_WSS_TRUST_SYSTEM 107

/* Option (0 or 1, set only): only the first part of a multipart message may be a subscription. */
#define ZMQ_ONLY_FIRST_SUBSCRIBE 108

/*
 Option (bits): conditions that stop reconnecting: 1 refused, 2 handshake failed, 4 after
 zmq_disconnect.
 */
#define ZMQ_RECONNECT_STOP 109

/* Option (octets, set only): message sent to each new peer; empty clears. */
#define ZMQ_HELLO_MSG 110

/* Option (octets, set only): message delivered locally when a peer goes. */
#define ZMQ_DISCONNECT_MSG 111

/* Option (number): SO_PRIORITY. */
#define ZMQ_PRIORITY 112

/* Option (number, set only): SO_BUSY_POLL, in microseconds. */
#define ZMQ_BUSY_POLL 113

/* Option (octets, set only): message delivered locally when a connection is re-established. */
#define ZMQ_HICCUP_MSG 114

/* Option (0 or 1, set only): pass duplicate unsubscribes upstream. */
#define ZMQ_XSUB_VERBOSE_UNSUBSCRIBE 115

/* Option (number, get only): number of subscriptions held. */
#define ZMQ_TOPICS_COUNT 116

/* Option (number, set only): NORM congestion control 0..4. */
#define ZMQ_NORM_MODE 117

/* Option (0 or 1, set only): NORM unicast NACK. */
#define ZMQ_NORM_UNICAST_NACK 118

/* Option (KiB, set only): NORM buffer. */
#define ZMQ_NORM_BUFFER_SIZE 119

/* Option (octets, set only): NORM segment. */
#define ZMQ_NORM_SEGMENT_SIZE 120

/* Option (segments, set only): NORM FEC block, 1..255. */
#define ZMQ_NORM_BLOCK_SIZE 121

/* Option (segments, set only): NORM FEC parity, 0..254. */
#define ZMQ_NORM_NUM_PARITY 122

/* Option (segments, set only): NORM proactive parity, 0..254. */
#define ZMQ_NORM_NUM_AUTOPARITY 123

/* Option (0 or 1, set only): NORM push mode. */
#define ZMQ_NORM_PUSH 124

/* ZMQ_NORM_MODE: fixed rate. */
#define ZMQ_NORM_FIXED 0

/* ZMQ_NORM_MODE: congestion control. */
#define ZMQ_NORM_CC 1

/* ZMQ_NORM_MODE: congestion control that tolerates loss. */
#define ZMQ_NORM_CCL 2

/* ZMQ_NORM_MODE: congestion control that heeds ECN. */
#define ZMQ_NORM_CCE 3

/* ZMQ_NORM_MODE: congestion control by ECN alone. */
#define ZMQ_NORM_CCE_ECNONLY 4

/* ZMQ_RECONNECT_STOP: when the connection is refused. */
#define ZMQ_RECONNECT_STOP_CONN_REFUSED 1

/* ZMQ_RECONNECT_STOP: when the handshake fails. */
#define ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED 2

/* ZMQ_RECONNECT_STOP: after zmq_disconnect. */
#define ZMQ_RECONNECT_STOP_AFTER_DISCONNECT 4

/* ZMQ_ROUTER_NOTIFY: when a peer arrives. */
#define ZMQ_NOTIFY_CONNECT 1

/* ZMQ_ROUTER_NOTIFY: when a peer is gone. */
#define ZMQ_NOTIFY_DISCONNECT 2
#endif

/* GSSAPI name type: service at a host. */
#define ZMQ_GSSAPI_NT_HOSTBASED 0

/* GSSAPI name type: user. */
#define ZMQ_GSSAPI_NT_USER_NAME 1

/* GSSAPI name type: Kerberos principal. */
#define ZMQ_GSSAPI_NT_KRB5_PRINCIPAL 2

/* Deprecated name of ZMQ_ROUTING_ID. */
#define ZMQ_IDENTITY ZMQ_ROUTING_ID

/* Deprecated name of ZMQ_CONNECT_ROUTING_ID. */
#define ZMQ_CONNECT_RID ZMQ_CONNECT_ROUTING_ID

/* Option (text, set only), deprecated: allow-list address/mask; NULL,0 clears. */
#define ZMQ_TCP_ACCEPT_FILTER 38

/* Option (process id, set only), deprecated: allow-list peer pid; NULL,0 clears. */
#define ZMQ_IPC_FILTER_PID 58

/* Option (user id, set only), deprecated: allow-list peer uid. */
#define ZMQ_IPC_FILTER_UID 59

/* Option (group id, set only), deprecated: allow-list peer gid. */
#define ZMQ_IPC_FILTER_GID 60

/* Option (0 or 1), deprecated: inverse of IPV6. */
#define ZMQ_IPV4ONLY 31

/* Deprecated name of ZMQ_IMMEDIATE. */
#define ZMQ_DELAY_ATTACH_ON_CONNECT ZMQ_IMMEDIATE

/* Deprecated name of ZMQ_ROUTER_MANDATORY. */
#define ZMQ_FAIL_UNROUTABLE ZMQ_ROUTER_MANDATORY

/* Deprecated name of ZMQ_ROUTER_MANDATORY. */
#define ZMQ_ROUTER_BEHAVIOR ZMQ_ROUTER_MANDATORY

/* What zmq_poll waits for: a socket or, where that is NULL, a descriptor. */
typedef struct zmq_pollitem_t {
    /* A ZeroMQ socket, or NULL. */
    void *socket;
    /* A descriptor, where socket is NULL. */
    zmq_fd_t fd;
    /* The events to wait for: ZMQ_POLLIN and following. */
    short events;
    /* The events that are there. */
    short revents;
} zmq_pollitem_t;

#if defined(ZMQ_BUILD_DRAFT_API)
/* What zmq_poller_wait found: an event of a socket, or of a descriptor where socket is NULL. */
typedef struct zmq_poller_event_t {
    /* The ZeroMQ socket, or NULL. */
    void *socket;
    /* The descriptor, -1 if it is a socket. */
    zmq_fd_t fd;
    /* What was given to zmq_poller_add. */
    void *user_data;
    /* The events that are there: ZMQ_POLLIN and following. */
    short events;
} zmq_poller_event_t;
#endif

/*
 int zmq_errno (void);

 The error number of the calling thread's last failed call: C's errno, for callers that cannot
 reach it themselves.
 */
ZMQ_EXPORT int zmq_errno(void);

/*
 const char *zmq_strerror (int errnum);

 What an error number means, in words: those of ZeroMQ's own numbers, else those of strerror.
 Never NULL; not to be freed, and good until the thread's next call.
 */
ZMQ_EXPORT const char *zmq_strerror(int errnum);

/*
 void zmq_version (int *major, int *minor, int *patch);

 The version of libzmq that this library stands in for. NULL leaves a part out.
 */
ZMQ_EXPORT void zmq_version(int *major, int *minor, int *patch);

/*
 void *zmq_ctx_new (void);

 A new context: what sockets are made in, with its I/O threads. Safe to use from many threads.
 NULL with ENOMEM or EMFILE when there is no room for one. Ended by zmq_ctx_term.
 */
ZMQ_EXPORT void *zmq_ctx_new(void);

/*
 int zmq_ctx_term (void *context);

 Ends a context: every blocking call on its sockets returns ETERM, then this waits until all of
 them are closed and what they still had to send is sent, or lingered long enough. 0, or -1
 with EFAULT (no context) or EINTR (a signal came; call again).
 */
ZMQ_EXPORT int zmq_ctx_term(void *context);

/*
 int zmq_ctx_shutdown (void *context);

 The first half of zmq_ctx_term: calls on the context's sockets return ETERM from now on, and
 nothing is waited for. 0, or -1 with EFAULT (no context).
 */
ZMQ_EXPORT int zmq_ctx_shutdown(void *context);

/*
 int zmq_ctx_set (void *context, int option, int optval);

 Sets an option of a context. 0, or -1 with EINVAL (no such option or value) or EFAULT (no
 context).
 */
ZMQ_EXPORT int zmq_ctx_set(void *context, int option, int optval);

/*
 int zmq_ctx_get (void *context, int option);

 The value of an option of a context, or -1 with EINVAL (no such option) or EFAULT (no
 context).
 */
ZMQ_EXPORT int zmq_ctx_get(void *context, int option);

/*
 int zmq_msg_init (zmq_msg_t *msg);

 Makes an empty message of 64 octets that held anything. 0, or -1 with EFAULT (NULL).
 */
ZMQ_EXPORT int zmq_msg_init(zmq_msg_t *msg);

/*
 int zmq_msg_init_size (zmq_msg_t *msg, size_t size);

 Makes a message with room for size octets, which hold anything until they are written. 0, or
 -1 with ENOMEM or EFAULT (NULL).
 */
ZMQ_EXPORT int zmq_msg_init_size(zmq_msg_t *msg, size_t size);

/*
 int zmq_msg_init_data (zmq_msg_t *msg, void *data, size_t size, zmq_free_fn *ffn, void *hint);

 Makes a message of size octets of the caller's, which belong to the message from now on: once
 it and all its copies are gone, ffn (data, hint) is called, once, from any thread. Without ffn
 the octets must outlive every use. 0, or -1 with ENOMEM or EFAULT (NULL), and then nothing was
 taken over.
 */
ZMQ_EXPORT int zmq_msg_init_data(zmq_msg_t *msg, void *data, size_t size, zmq_free_fn * ffn, void *hint);

/*
 int zmq_msg_send (zmq_msg_t *msg, void *socket, int flags);

 Sends a message, waiting until it can be queued unless flags hold ZMQ_DONTWAIT. With
 ZMQ_SNDMORE further parts follow. Returns the size of the body in octets; the message was
 taken over and is empty now. On -1 it is as it was: EAGAIN, ENOTSUP, EINVAL, EFSM, ETERM,
 ENOTSOCK, EINTR, EFAULT (no message) or EHOSTUNREACH.
 */
ZMQ_EXPORT int zmq_msg_send(zmq_msg_t *msg, void *socket, int flags);

/*
 int zmq_msg_recv (zmq_msg_t *msg, void *socket, int flags);

 Receives a message into msg, releasing what that held; waits for one unless flags hold
 ZMQ_DONTWAIT. Returns the size of the body in octets, or -1 with EAGAIN (msg is empty then),
 ENOTSUP, EFSM, ETERM, ENOTSOCK, EINTR or EFAULT (no message to receive into).
 */
ZMQ_EXPORT int zmq_msg_recv(zmq_msg_t *msg, void *socket, int flags);

/*
 int zmq_msg_close (zmq_msg_t *msg);

 Lets go of a message. 0, or -1 with EFAULT (no message, or closed already).
 */
ZMQ_EXPORT int zmq_msg_close(zmq_msg_t *msg);

/*
 int zmq_msg_move (zmq_msg_t *dest, zmq_msg_t *src);

 Moves the message from src to dest, releasing what dest held and leaving src empty. 0, or -1
 with EFAULT (either is no message).
 */
ZMQ_EXPORT int zmq_msg_move(zmq_msg_t *dest, zmq_msg_t *src);

/*
 int zmq_msg_copy (zmq_msg_t *dest, zmq_msg_t *src);

 Makes dest a second message with the body of src, releasing what dest held. A long body is
 shared, so neither may be written to from now on. 0, or -1 with EFAULT (either is no message).
 */
ZMQ_EXPORT int zmq_msg_copy(zmq_msg_t *dest, zmq_msg_t *src);

/*
 void *zmq_msg_data (zmq_msg_t *msg);

 The body of a message: zmq_msg_size octets, which belong to the message and move with it. NULL
 with EFAULT if there is no message.
 */
ZMQ_EXPORT void *zmq_msg_data(zmq_msg_t *msg);

/*
 size_t zmq_msg_size (const zmq_msg_t *msg);

 The size of the body in octets. 0 with EFAULT if there is no message.
 */
ZMQ_EXPORT size_t zmq_msg_size(const zmq_msg_t *msg);

/*
 int zmq_msg_more (const zmq_msg_t *msg);

 1 if further parts of the same message follow, else 0. -1 with EFAULT for NULL.
 */
ZMQ_EXPORT int zmq_msg_more(const zmq_msg_t *msg);

/*
 int zmq_msg_get (const zmq_msg_t *msg, int property);

 A property of a message: ZMQ_MORE, ZMQ_SHARED, ZMQ_SRCFD (the descriptor it came through). -1
 with EINVAL (no such property, or no descriptor is known) or EFAULT (no message).
 */
ZMQ_EXPORT int zmq_msg_get(const zmq_msg_t *msg, int property);

/*
 int zmq_msg_set (zmq_msg_t *msg, int property, int optval);

 Sets a property of a message. There is none that can be set: -1 with EINVAL.
 */
ZMQ_EXPORT int zmq_msg_set(zmq_msg_t *_msg, int _property, int _optval);

/*
 const char *zmq_msg_gets (const zmq_msg_t *msg, const char *property);

 What is known of the peer that a message came from: Routing-Id, Socket-Type, User-Id,
 Peer-Address, or an X- property of the peer's. A string that belongs to the message. NULL with
 EINVAL (not known, or no name) or EFAULT (no message).
 */
ZMQ_EXPORT const char *zmq_msg_gets(const zmq_msg_t *msg, const char *property);

/*
 void *zmq_socket (void *context, int type);

 A new socket of this type (ZMQ_PAIR and following). To be used by one thread at a time, unless
 its type says otherwise. NULL with EINVAL (no such type), EFAULT (no context), EMFILE (as many
 as ZMQ_MAX_SOCKETS are open) or ETERM. Closed by zmq_close.
 */
ZMQ_EXPORT void *zmq_socket(void *context, int type);

/*
 int zmq_close (void *socket);

 Closes a socket. What it still has to send is sent in the background, for as long as
 ZMQ_LINGER says. 0, or -1 with ENOTSOCK.
 */
ZMQ_EXPORT int zmq_close(void *socket);

/*
 int zmq_setsockopt (void *socket, int option, const void *optval, size_t optvallen);

 Sets an option of a socket from optvallen octets; most are an int. Many count only for
 endpoints bound and connected afterwards. 0, or -1 with EINVAL (no such option, or a value or
 length it does not take), ETERM, ENOTSOCK or EINTR.
 */
ZMQ_EXPORT int zmq_setsockopt(void *socket, int option, const void *optval, size_t optvallen);

/*
 int zmq_getsockopt (void *socket, int option, void *optval, size_t *optvallen);

 Writes the value of an option of a socket to the optvallen octets at optval, and its length to
 optvallen. 0, or -1 with EINVAL (no such option, or not enough room), EFAULT (NULL), ETERM,
 ENOTSOCK or EINTR.
 */
ZMQ_EXPORT int zmq_getsockopt(void *socket, int option, void *optval, size_t *optvallen);

/*
 int zmq_bind (void *socket, const char *endpoint);

 Accepts peers at an endpoint, such as "tcp://127.0.0.1:5555", "ipc:///tmp/feed" or
 "inproc://name". 0, or -1 with EINVAL (no endpoint), EPROTONOSUPPORT, ENOCOMPATPROTO,
 EADDRINUSE, EADDRNOTAVAIL, ENODEV, ETERM, ENOTSOCK, EMTHREAD or EFAULT (NULL).
 */
ZMQ_EXPORT int zmq_bind(void *socket, const char *endpoint);

/*
 int zmq_connect (void *socket, const char *endpoint);

 Connects to an endpoint, in the background, and again whenever the connection breaks. 0, or -1
 with EINVAL (no endpoint), EPROTONOSUPPORT, ENOCOMPATPROTO, ETERM, ENOTSOCK, EMTHREAD or EFAULT
 (NULL).
 */
ZMQ_EXPORT int zmq_connect(void *socket, const char *endpoint);

/*
 int zmq_unbind (void *socket, const char *endpoint);

 Stops accepting peers at an endpoint; wildcards are to be given as ZMQ_LAST_ENDPOINT resolved
 them. 0, or -1 with EINVAL (no endpoint, NULL included), ENOENT (was not bound), ETERM or
 ENOTSOCK.
 */
ZMQ_EXPORT int zmq_unbind(void *socket, const char *endpoint);

/*
 int zmq_disconnect (void *socket, const char *endpoint);

 Disconnects from an endpoint; what is still to be sent there is sent for as long as ZMQ_LINGER
 says. 0, or -1 with EINVAL (no endpoint, NULL included), ENOENT (was not connected), ETERM or
 ENOTSOCK.
 */
ZMQ_EXPORT int zmq_disconnect(void *socket, const char *endpoint);

/*
 int zmq_send (void *socket, const void *buf, size_t len, int flags);

 Sends a copy of len octets as one message part, waiting until it can be queued unless flags
 hold ZMQ_DONTWAIT. With ZMQ_SNDMORE further parts follow. Returns len, or -1 with EAGAIN,
 ENOTSUP, EINVAL, EFSM, ETERM, ENOTSOCK, EINTR, EHOSTUNREACH, ENOMEM or EFAULT (NULL).
 */
ZMQ_EXPORT int zmq_send(void *socket, const void *buf, size_t len, int flags);

/*
 int zmq_send_const (void *socket, const void *buf, size_t len, int flags);

 Like zmq_send, but nothing is copied: the octets must be there, unchanged, for good.
 */
ZMQ_EXPORT int zmq_send_const(void *socket, const void *buf, size_t len, int flags);

/*
 int zmq_recv (void *socket, void *buf, size_t len, int flags);

 Receives one message part into len octets, dropping what does not fit; waits for one unless
 flags hold ZMQ_DONTWAIT. Returns the size of the part in octets, which may be more than len, or
 -1 with EAGAIN, ENOTSUP, EFSM, ETERM, ENOTSOCK, EINTR or EFAULT (NULL).
 */
ZMQ_EXPORT int zmq_recv(void *socket, void *buf, size_t len, int flags);

/*
 int zmq_socket_monitor (void *socket, const char *endpoint, int events);

 Reports what happens to the connections of a socket (ZMQ_EVENT_CONNECTED and following, or
 ZMQ_EVENT_ALL) as messages of two parts to a PAIR socket connected to this inproc endpoint: an
 uint16_t event and an uint32_t value, 6 octets, then the endpoint concerned. NULL stops it. 0,
 or -1 with EINVAL, EPROTONOSUPPORT (not inproc), EADDRINUSE, ETERM or ENOTSOCK.
 */
ZMQ_EXPORT int zmq_socket_monitor(void *socket, const char *endpoint, int events);

#if defined(ZMQ_BUILD_DRAFT_API)
/*
 int zmq_ctx_set_ext (void *context, int option, const void *optval, size_t optvallen);

 Sets an option of a context from optvallen octets: an int, or those of ZMQ_THREAD_NAME_PREFIX.
 0, or -1 with EINVAL (no such option, value or length) or EFAULT (no context).
 */
ZMQ_EXPORT int zmq_ctx_set_ext(void *context, int option, const void *optval, size_t optvallen);

/*
 int zmq_ctx_get_ext (void *context, int option, void *optval, size_t *optvallen);

 Writes the value of an option of a context to the optvallen octets at optval. 0, or -1 with
 EINVAL (no such option, or not its length) or EFAULT (no context, or NULL).
 */
ZMQ_EXPORT int zmq_ctx_get_ext(void *context, int option, void *optval, size_t *optvallen);

/*
 int zmq_join (void *socket, const char *group);

 Has a DISH receive the messages of a group of at most 255 octets. 0, or -1 with EINVAL (joined
 already, or too long), ENOTSUP (no DISH), ETERM, ENOTSOCK or EFAULT (NULL).
 */
ZMQ_EXPORT int zmq_join(void *socket, const char *group);

/*
 int zmq_leave (void *socket, const char *group);

 Has a DISH receive the messages of a group no longer. 0, or -1 with EINVAL (was not joined),
 ENOTSUP (no DISH), ETERM, ENOTSOCK or EFAULT (NULL).
 */
ZMQ_EXPORT int zmq_leave(void *socket, const char *group);

/*
 uint32_t zmq_connect_peer (void *socket, const char *endpoint);

 Connects a PEER to an endpoint, and returns the routing id by which messages name the peer
 there. 0 with ENOTSUP (no PEER), EFAULT (NULL, or ZMQ_IMMEDIATE is set), and what zmq_connect
 says.
 */
ZMQ_EXPORT uint32_t zmq_connect_peer(void *socket, const char *endpoint);

/*
 int zmq_disconnect_peer (void *socket, uint32_t routing_id);

 Disconnects a SERVER or PEER from the peer with this routing id. 0, or -1 with EHOSTUNREACH (no
 such peer), ENOTSUP (neither SERVER nor PEER), ETERM or ENOTSOCK.
 */
ZMQ_EXPORT int zmq_disconnect_peer(void *socket, uint32_t routing_id);

/*
 int zmq_msg_set_routing_id (zmq_msg_t *msg, uint32_t routing_id);

 Says which peer of a SERVER or PEER a message is for. 0, or -1 with EINVAL (0 is nobody) or
 EFAULT (no message).
 */
ZMQ_EXPORT int zmq_msg_set_routing_id(zmq_msg_t *msg, uint32_t routing_id);

/*
 uint32_t zmq_msg_routing_id (zmq_msg_t *msg);

 Which peer of a SERVER or PEER a message came from; 0 for other messages. 0 with EFAULT if
 there is no message.
 */
ZMQ_EXPORT uint32_t zmq_msg_routing_id(zmq_msg_t *msg);

/*
 int zmq_msg_set_group (zmq_msg_t *msg, const char *group);

 Says which group a RADIO sends a message to: at most ZMQ_GROUP_MAX_LENGTH octets. 0, or -1 with
 EINVAL (too long) or EFAULT (NULL, or no message).
 */
ZMQ_EXPORT int zmq_msg_set_group(zmq_msg_t *msg, const char *group);

/*
 const char *zmq_msg_group (zmq_msg_t *msg);

 The group of a message: that of a DISH's, or as it was set; empty if it has none. A string that
 belongs to the message. NULL with EFAULT if there is no message.
 */
ZMQ_EXPORT const char *zmq_msg_group(zmq_msg_t *msg);

/*
 int zmq_msg_init_buffer (zmq_msg_t *msg, const void *buf, size_t size);

 Makes a message with a copy of size octets. 0, or -1 with ENOMEM or EFAULT (NULL).
 */
ZMQ_EXPORT int zmq_msg_init_buffer(zmq_msg_t *msg, const void *buf, size_t size);

/*
 int zmq_socket_get_peer_state (void *socket, const void *routing_id, size_t routing_id_size);

 What can be done now with the peer of a ROUTER or a REP that has this routing id: ZMQ_POLLOUT if
 a message for it can be sent, else 0. -1 with EHOSTUNREACH (no such peer), ENOTSUP (another type
 of socket), ETERM, ENOTSOCK or EFAULT (NULL).
 */
ZMQ_EXPORT int zmq_socket_get_peer_state(void *socket, const void *routing_id, size_t routing_id_size);

/*
 int zmq_socket_monitor_versioned (void *socket, const char *endpoint, uint64_t events, int event_version, int type);

 Reports events like zmq_socket_monitor, to a peer that fits this type of socket (ZMQ_PAIR,
 ZMQ_PUB or ZMQ_PUSH), in the form of version 1 or 2. Messages of version 2 have an uint64_t
 event, an uint64_t count of values, so many uint64_t, then the local and the remote endpoint
 concerned, either of which may be empty. 0, or -1 with EINVAL (version, type, or events of a
 later version), and what zmq_socket_monitor says.
 */
ZMQ_EXPORT int zmq_socket_monitor_versioned(void *socket, const char *endpoint, uint64_t events, int event_version, int type);

/*
 int zmq_socket_monitor_pipes_stats (void *socket);

 Has a monitor of version 2 told, for each peer, how many messages wait to be sent and to be
 received (ZMQ_EVENT_PIPES_STATS). 0, or -1 with EINVAL (nobody monitors these), EAGAIN (no
 peers), ETERM or ENOTSOCK.
 */
ZMQ_EXPORT int zmq_socket_monitor_pipes_stats(void *socket);
#endif

/*
 int zmq_poll (zmq_pollitem_t *items, int nitems, long timeout);

 Waits until an event of one of the items is there, for at most timeout milliseconds (0: does
 not wait, -1: without end), and sets revents of all of them. Returns for how many items there
 are events, 0 when the time is up, or -1 with EINVAL (negative nitems), EFAULT (NULL),
 ENOTSOCK, ETERM or EINTR (a signal came).
 */
ZMQ_EXPORT int zmq_poll(struct zmq_pollitem_t *items, int nitems, long timeout);

#if defined(ZMQ_BUILD_DRAFT_API)
/*
 int zmq_ppoll (zmq_pollitem_t *items, int nitems, long timeout, const sigset_t *sigmask);

 Like zmq_poll, but while it waits the signals in sigmask are blocked and no others: a signal
 that is blocked otherwise can end the wait, and can come at no other time. NULL is zmq_poll.
 */
ZMQ_EXPORT int zmq_ppoll(struct zmq_pollitem_t *items, int nitems, long timeout, const sigset_t *sigmask);

/*
 void *zmq_poller_new (void);

 A set of sockets and descriptors to wait for, to be used by one thread at a time. Never NULL.
 Ended by zmq_poller_destroy.
 */
ZMQ_EXPORT void *zmq_poller_new(void);

/*
 int zmq_poller_destroy (void **poller_p);

 Ends a poller and sets the pointer to NULL. 0, or -1 with EFAULT (no poller).
 */
ZMQ_EXPORT int zmq_poller_destroy(void **poller_p);

/*
 int zmq_poller_size (void *poller);

 How many sockets and descriptors a poller has. -1 with EFAULT (no poller).
 */
ZMQ_EXPORT int zmq_poller_size(void *poller);

/*
 int zmq_poller_add (void *poller, void *socket, void *user_data, short events);

 Adds a socket with the events to wait for (ZMQ_POLLIN and following, or 0 for none yet);
 user_data comes back with each event. To be removed before the socket is closed. 0, or -1 with
 EINVAL (was added, or no such events), EFAULT (no poller), ENOTSOCK or ENOMEM.
 */
ZMQ_EXPORT int zmq_poller_add(void *poller, void *socket, void *user_data, short events);

/*
 int zmq_poller_modify (void *poller, void *socket, short events);

 Changes the events to wait for. 0, or -1 with EINVAL (was not added, or no such events), EFAULT
 (no poller) or ENOTSOCK.
 */
ZMQ_EXPORT int zmq_poller_modify(void *poller, void *socket, short events);

/*
 int zmq_poller_remove (void *poller, void *socket);

 Takes a socket out of a poller. 0, or -1 with EINVAL (was not added), EFAULT (no poller) or
 ENOTSOCK.
 */
ZMQ_EXPORT int zmq_poller_remove(void *poller, void *socket);

/*
 int zmq_poller_wait (void *poller, zmq_poller_event_t *event, long timeout);

 Waits until something happened, for at most timeout milliseconds (0: does not wait, -1: without
 end). 0 with one event, or -1 with EAGAIN (nothing happened), EFAULT (no poller, NULL, or
 nothing to wait for and no timeout), ETERM, ENOTSOCK, ENOMEM or EINTR (a signal came).
 */
ZMQ_EXPORT int zmq_poller_wait(void *poller, struct zmq_poller_event_t *event, long timeout);

/*
 int zmq_poller_wait_all (void *poller, zmq_poller_event_t *events, int n_events, long timeout);

 Like zmq_poller_wait, for up to n_events events at once. Returns how many there are, never 0,
 or -1, also with EINVAL (negative n_events).
 */
ZMQ_EXPORT int zmq_poller_wait_all(void *poller, struct zmq_poller_event_t *events, int n_events, long timeout);

/*
 int zmq_poller_fd (void *poller, zmq_fd_t *fd);

 A descriptor that is readable while there may be events of the poller's sockets; there is one
 only if one of them is thread safe. 0, or -1 with EINVAL (there is none), EFAULT (NULL, or no
 poller) or EMFILE.
 */
ZMQ_EXPORT int zmq_poller_fd(void *poller, zmq_fd_t *fd);

/*
 int zmq_poller_add_fd (void *poller, zmq_fd_t fd, void *user_data, short events);

 Adds a descriptor, as zmq_poller_add adds a socket. 0, or -1 with EINVAL, EFAULT (no poller),
 EBADF (-1) or ENOMEM.
 */
ZMQ_EXPORT int zmq_poller_add_fd(void *poller, zmq_fd_t fd, void *user_data, short events);

/*
 int zmq_poller_modify_fd (void *poller, zmq_fd_t fd, short events);

 Changes the events of a descriptor to wait for. 0, or -1 with EINVAL (was not added, or no such
 events), EFAULT (no poller) or EBADF (-1).
 */
ZMQ_EXPORT int zmq_poller_modify_fd(void *poller, zmq_fd_t fd, short events);

/*
 int zmq_poller_remove_fd (void *poller, zmq_fd_t fd);

 Takes a descriptor out of a poller. 0, or -1 with EINVAL (was not added), EFAULT (no poller) or
 EBADF (-1).
 */
ZMQ_EXPORT int zmq_poller_remove_fd(void *poller, zmq_fd_t fd);
#endif

/*
 int zmq_proxy (void *frontend, void *backend, void *capture);

 Passes messages between two sockets, in both directions, and a copy of each to capture unless
 that is NULL. Returns only when it must: -1 with ETERM, EINTR, EFAULT (no frontend or backend)
 or ENOTSOCK (what is given is no socket).
 */
ZMQ_EXPORT int zmq_proxy(void *frontend, void *backend, void *capture);

/*
 int zmq_proxy_steerable (void *frontend, void *backend, void *capture, void *control);

 Like zmq_proxy, and obeys PAUSE, RESUME, TERMINATE and STATISTICS received from control unless
 that is NULL. 0 after TERMINATE, else -1 as zmq_proxy.
 */
ZMQ_EXPORT int zmq_proxy_steerable(void *frontend, void *backend, void *capture, void *control);

/*
 int zmq_has (const char *capability);

 1 if this library can do what is named (ipc, pgm, tipc, norm, curve, gssapi, vmci, draft, WS,
 WSS, vsock), 0 if it cannot or does not know the name.
 */
ZMQ_EXPORT int zmq_has(const char *capability);

/*
 void *zmq_init (int io_threads);

 Deprecated: zmq_ctx_new and ZMQ_IO_THREADS. NULL with EINVAL (a negative number), ENOMEM or
 EMFILE.
 */
ZMQ_EXPORT void *zmq_init(int io_threads);

/*
 int zmq_term (void *context);

 Deprecated: zmq_ctx_term.
 */
ZMQ_EXPORT int zmq_term(void *context);

/*
 int zmq_ctx_destroy (void *context);

 Deprecated: zmq_ctx_term.
 */
ZMQ_EXPORT int zmq_ctx_destroy(void *context);

/*
 int zmq_device (int type, void *frontend, void *backend);

 Deprecated: zmq_proxy. The type does not matter.
 */
ZMQ_EXPORT int zmq_device(int _type, void *frontend, void *backend);

/*
 int zmq_sendmsg (void *socket, zmq_msg_t *msg, int flags);

 Deprecated: zmq_msg_send.
 */
ZMQ_EXPORT int zmq_sendmsg(void *socket, zmq_msg_t *msg, int flags);

/*
 int zmq_recvmsg (void *socket, zmq_msg_t *msg, int flags);

 Deprecated: zmq_msg_recv.
 */
ZMQ_EXPORT int zmq_recvmsg(void *socket, zmq_msg_t *msg, int flags);

/*
 int zmq_sendiov (void *socket, struct iovec *iov, size_t count, int flags);

 Deprecated. Sends a copy of each of count pieces as a part, the last of them without
 ZMQ_SNDMORE whatever flags say. Returns the size of the last part in octets, or -1 with EINVAL
 (NULL, or no pieces) or as zmq_send; parts before a failure are sent.
 */
ZMQ_EXPORT int zmq_sendiov(void *socket, struct iovec *iov, size_t count, int flags);

/*
 int zmq_recviov (void *socket, struct iovec *iov, size_t *count, int flags);

 Deprecated. Receives the parts of one message, at most count of them, each into memory of its
 own that the caller gives back with free. Returns how many parts there are and writes that to
 count, or -1 with EINVAL (NULL, or no room), ENOMEM or as zmq_recv; then count says how many
 parts came before the failure.
 */
ZMQ_EXPORT int zmq_recviov(void *socket, struct iovec *iov, size_t *count, int flags);

/*
 char *zmq_z85_encode (char *dest, const uint8_t *data, size_t size);

 Writes size octets as Z85 text (RFC 32) to dest, which has room for size * 5 / 4 + 1 octets,
 and ends it with a zero octet. Returns dest, or NULL with EINVAL (size is no multiple of 4) or
 EFAULT (NULL).
 */
ZMQ_EXPORT char *zmq_z85_encode(char *dest, const uint8_t *data, size_t size);

/*
 uint8_t *zmq_z85_decode (uint8_t *dest, const char *string);

 Writes what Z85 text (RFC 32) says to dest, which has room for four octets for every five of
 the text. Returns dest, or NULL with EINVAL (no Z85, or empty) or EFAULT (NULL), and then dest
 may be written to in part.
 */
ZMQ_EXPORT uint8_t *zmq_z85_decode(uint8_t *dest, const char *string);

/*
 int zmq_curve_keypair (char *z85_public_key, char *z85_secret_key);

 Makes a new pair of CURVE keys and writes both as Z85 text, 41 octets each with their zero
 octet. 0, or -1 with EAGAIN (the system gives no random
 numbers) or EFAULT (NULL).
 */
ZMQ_EXPORT int zmq_curve_keypair(char *z85_public_key, char *z85_secret_key);

/*
 int zmq_curve_public (char *z85_public_key, const char *z85_secret_key);

 Writes the public key that belongs to a secret one; both are Z85 text, 41 octets with their
 zero octet. 0, or -1 with EINVAL (no key) or EFAULT (NULL).
 */
ZMQ_EXPORT int zmq_curve_public(char *z85_public_key, const char *z85_secret_key);

/*
 void *zmq_atomic_counter_new (void);

 A counter of 32 bits that all threads may use at once, at 0. Ended by
 zmq_atomic_counter_destroy.
 */
ZMQ_EXPORT void *zmq_atomic_counter_new(void);

/*
 void zmq_atomic_counter_set (void *counter, int value);

 Sets a counter.
 */
ZMQ_EXPORT void zmq_atomic_counter_set(void *counter, int value);

/*
 int zmq_atomic_counter_inc (void *counter);

 Adds 1 to a counter, and returns what it was before.
 */
ZMQ_EXPORT int zmq_atomic_counter_inc(void *counter);

/*
 int zmq_atomic_counter_dec (void *counter);

 Takes 1 from a counter. 1 if something is left, 0 if it is 0 now.
 */
ZMQ_EXPORT int zmq_atomic_counter_dec(void *counter);

/*
 int zmq_atomic_counter_value (void *counter);

 What a counter is at.
 */
ZMQ_EXPORT int zmq_atomic_counter_value(void *counter);

/*
 void zmq_atomic_counter_destroy (void **counter_p);

 Ends a counter and sets the pointer to NULL. NULL is no counter, and nothing happens.
 */
ZMQ_EXPORT void zmq_atomic_counter_destroy(void **counter_p);

/*
 void *zmq_stopwatch_start (void);

 Starts a stopwatch. Ended by zmq_stopwatch_stop.
 */
ZMQ_EXPORT void *zmq_stopwatch_start(void);

/*
 unsigned long zmq_stopwatch_intermediate (void *watch);

 Microseconds since a stopwatch was started; it goes on. 0 for NULL.
 */
ZMQ_EXPORT unsigned long zmq_stopwatch_intermediate(void *watch);

/*
 unsigned long zmq_stopwatch_stop (void *watch);

 Microseconds since a stopwatch was started, and ends it. 0 for NULL.
 */
ZMQ_EXPORT unsigned long zmq_stopwatch_stop(void *watch);

/*
 void zmq_sleep (int seconds);

 Sleeps for so many seconds, or until a signal comes.
 */
ZMQ_EXPORT void zmq_sleep(int seconds);

/*
 void *zmq_threadstart (zmq_thread_fn *func, void *arg);

 Runs func (arg) in a thread of its own, which sees no signals. To be waited for by
 zmq_threadclose. NULL with EAGAIN (no more threads to be had) or EFAULT (no function).
 */
ZMQ_EXPORT void *zmq_threadstart(zmq_thread_fn * func, void *arg);

/*
 void zmq_threadclose (void *thread);

 Waits until a thread of zmq_threadstart is done, and forgets it. Nothing happens for NULL.
 */
ZMQ_EXPORT void zmq_threadclose(void *thread);

/*
 void *zmq_timers_new (void);

 A set of timers, to be used by one thread at a time. Never NULL. Ended by zmq_timers_destroy.
 */
ZMQ_EXPORT void *zmq_timers_new(void);

/*
 int zmq_timers_destroy (void **timers_p);

 Ends a set of timers and sets the pointer to NULL. 0, or -1 with EFAULT (no timers).
 */
ZMQ_EXPORT int zmq_timers_destroy(void **timers_p);

/*
 int zmq_timers_add (void *timers, size_t interval, zmq_timer_fn handler, void *arg);

 Adds a timer: zmq_timers_execute will call handler (id, arg) every interval milliseconds.
 Returns its id, 1 or more, or -1 with EFAULT (no timers, or no handler) or ENOMEM.
 */
ZMQ_EXPORT int zmq_timers_add(void *timers, size_t interval, zmq_timer_fn * handler, void *arg);

/*
 int zmq_timers_cancel (void *timers, int timer_id);

 Removes a timer. 0, or -1 with EFAULT (no timers) or EINVAL (no such timer).
 */
ZMQ_EXPORT int zmq_timers_cancel(void *timers, int timer_id);

/*
 int zmq_timers_set_interval (void *timers, int timer_id, size_t interval);

 Gives a timer another interval, in milliseconds, and starts it anew. 0, or -1 with EFAULT (no
 timers) or EINVAL (no such timer).
 */
ZMQ_EXPORT int zmq_timers_set_interval(void *timers, int timer_id, size_t interval);

/*
 int zmq_timers_reset (void *timers, int timer_id);

 Starts a timer anew. 0, or -1 with EFAULT (no timers) or EINVAL (no such timer).
 */
ZMQ_EXPORT int zmq_timers_reset(void *timers, int timer_id);

/*
 long zmq_timers_timeout (void *timers);

 Milliseconds until the next timer is due, or -1 with EFAULT (no timers) or EINVAL (there is
 none to wait for).
 */
ZMQ_EXPORT long zmq_timers_timeout(void *timers);

/*
 int zmq_timers_execute (void *timers);

 Calls the handlers of all timers that are due, each once, in the order they were due. Handlers
 may add, change and cancel timers, and end the set. 0, or -1 with EFAULT (no timers).
 */
ZMQ_EXPORT int zmq_timers_execute(void *timers);

#ifdef __cplusplus
}
#endif

#undef ZMQ_EXPORT

#endif
