//! What a session knows of its socket: a snapshot made when an endpoint is bound or connected.
//!
//! Invariant: nothing in it points up; the socket is only an acceptor of pipe ends.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "gssapi")]
use crate::options::MECHANISM_GSSAPI;
use crate::options::{MECHANISM_CURVE, MECHANISM_NULL, MECHANISM_PLAIN, Options};
use crate::proto::curve::{ClientKeys, SecretKey};
#[cfg(feature = "gssapi")]
use crate::proto::gssapi::{ClientSide, NameType, Principal, ServerSide};
#[cfg(feature = "wss")]
use crate::proto::tls::Credentials;
use crate::proto::{Config, Heartbeat, Login, Mechanism};
use crate::runtime::{
    Acceptor, Conflate, EventSource, IoThread, Limits, Names, Pipe, Shares, pair,
};

/// See the module.
pub struct Plan {
    /// The socket's options as they were.
    pub options: Options,
    /// Where a new pipe end is handed to the socket.
    pub acceptor: Arc<dyn Acceptor>,
    /// The context's inproc names, of which one may be a ZAP handler's.
    pub names: Arc<Names>,
    /// Where events go.
    pub events: Arc<EventSource>,
    /// Every session and listener holds one of the context's shares until it ends.
    pub shares: Arc<Shares>,
    /// The I/O threads that may serve accepted peers.
    pub io_threads: Vec<IoThread>,
    /// The socket type's name on the wire.
    pub socket_type: &'static str,
    /// The socket types that it may talk to.
    pub peers: &'static [&'static str],
    /// It announces its routing id.
    pub announces_routing_id: bool,
    /// It wants to know the routing id of its peers.
    pub wants_routing_ids: bool,
    /// It speaks no protocol (STREAM, raw ROUTER).
    pub raw: bool,
    /// The peer is hung up on when the socket lets go of its pipe.
    pub ends_with_pipe: bool,
    /// It subscribes (SUB, XSUB, DISH).
    pub subscribes: bool,
    /// It publishes (PUB, XPUB).
    pub publishes: bool,
    /// Only the newest message is kept.
    pub conflate: Conflate,
    /// The id that the application gave the peer of this connection.
    pub peer_routing_id: Vec<u8>,
    /// What is shown or trusted, where streams are encrypted.
    #[cfg(feature = "wss")]
    pub tls: Option<Credentials>,
}

impl Plan {
    /// A pipe between the socket and a session: the socket's end, then the session's.
    pub fn pipe(&self) -> (Pipe, Pipe) {
        pair([self.limits(), Limits::NONE], self.conflate)
    }

    /// The high-water marks of the socket's end.
    pub fn limits(&self) -> Limits {
        Limits {
            send: Some(self.options.sndhwm),
            receive: Some(self.options.rcvhwm),
        }
    }

    /// The I/O thread with the least to do.
    pub fn least_loaded(&self) -> Option<&IoThread> {
        self.io_threads.iter().min_by_key(|io| io.load())
    }

    /// How the peer and we prove who we are.
    fn mechanism(&self) -> Mechanism {
        let options = &self.options;
        match (options.mechanism, options.as_server) {
            (MECHANISM_PLAIN, true) => Mechanism::PlainServer,
            (MECHANISM_PLAIN, false) => Mechanism::PlainClient(Login {
                username: options.plain_username.clone(),
                password: options.plain_password.to_vec(),
            }),
            (MECHANISM_CURVE, true) => {
                Mechanism::CurveServer(SecretKey::new(*options.curve_secretkey))
            }
            (MECHANISM_CURVE, false) => Mechanism::CurveClient(ClientKeys {
                secret: SecretKey::new(*options.curve_secretkey),
                public: options.curve_publickey,
                server: options.curve_serverkey,
            }),
            #[cfg(feature = "gssapi")]
            (MECHANISM_GSSAPI, as_server) => self.gssapi(as_server),
            _ => Mechanism::Null,
        }
    }

    #[cfg(feature = "gssapi")]
    fn gssapi(&self, as_server: bool) -> Mechanism {
        let options = &self.options;
        let principal = |name: &Vec<u8>, number| Principal {
            name: name.clone(),
            name_type: NameType::of_number(number),
        };
        let own = principal(&options.gssapi_principal, options.gssapi_principal_nametype);
        let plaintext = options.gssapi_plaintext;
        if as_server {
            return Mechanism::GssapiServer(ServerSide {
                principal: own,
                plaintext,
            });
        }
        Mechanism::GssapiClient(ClientSide {
            principal: own,
            service: principal(
                &options.gssapi_service_principal,
                options.gssapi_service_principal_nametype,
            ),
            plaintext,
        })
    }

    /// Whether a ZAP handler is asked about peers.
    // COMPAT: a CURVE server that has no domain asks as well, but not if it enforces domains.
    fn asks(&self) -> bool {
        let options = &self.options;
        let has_domain = !options.zap_domain.is_empty();
        match options.mechanism {
            MECHANISM_NULL => has_domain,
            MECHANISM_CURVE => has_domain || !options.zap_enforce_domain,
            _ => true,
        }
    }

    /// What the application has us tell of ourselves (`ZMQ_METADATA`).
    fn metadata(&self) -> Vec<(String, Vec<u8>)> {
        let all = self.options.metadata.iter();
        all.map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.clone()))
            .collect()
    }

    /// What the protocol has to know.
    pub fn protocol(&self) -> Config {
        let options = &self.options;
        let milliseconds = |value: i32| (value > 0).then(|| Duration::from_millis(value as u64));
        let interval = milliseconds(options.heartbeat_ivl);
        let timeout = match options.heartbeat_timeout {
            -1 => interval.unwrap_or_default(),
            value => milliseconds(value).unwrap_or_default(),
        };
        Config {
            socket_type: self.socket_type,
            socket_code: u8::try_from(options.kind).unwrap_or(u8::MAX),
            peers: self.peers,
            routing_id: if self.announces_routing_id {
                options.routing_id.clone()
            } else {
                Vec::new()
            },
            mechanism: self.mechanism(),
            asks: self.asks(),
            legacy_allowed: options.mechanism == MECHANISM_NULL && options.zap_domain.is_empty(),
            max_msg_size: u64::try_from(options.maxmsgsize).ok(),
            publishes: self.publishes,
            heartbeat: Heartbeat {
                interval,
                ttl_deciseconds: u16::try_from(options.heartbeat_ttl / 100).unwrap_or(u16::MAX),
                timeout,
            },
            handshake_timeout: milliseconds(options.handshake_ivl),
            metadata: self.metadata(),
        }
    }
}
