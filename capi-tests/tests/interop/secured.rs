//! Every pair of the stable socket types, over every transport, through every mechanism: PLAIN and
//! CURVE with either side as the server, and TLS around them.
//!
//! Invariant: both sides are told who the other is before either binds or connects.

use crate::actor::{Actor, Lib, Part};
use crate::patterns::{PAIRS, Pair, prepare, talk};
use crate::{Cast, Scheme, fresh, plays, zmq};

const PLAIN_SERVER: i32 = 44;
const PLAIN_USERNAME: i32 = 45;
const PLAIN_PASSWORD: i32 = 46;
const CURVE_SERVER: i32 = 47;
const CURVE_PUBLICKEY: i32 = 48;
const CURVE_SECRETKEY: i32 = 49;
const CURVE_SERVERKEY: i32 = 50;

/// The keys that RFC 26 and the manual pages show; the same pair serves both sides.
const PUBLIC: &[u8] = b"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
const SECRET: &[u8] = b"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

/// How the first proves to be itself to the second, or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    Null,
    Plain,
    Curve,
}

pub const MECHANISMS: [Mechanism; 3] = [Mechanism::Null, Mechanism::Plain, Mechanism::Curve];

/// Sets an option to these octets.
pub fn octets(actor: &mut Actor, option: i32, value: &[u8]) {
    actor.tell(format!("bytes 0 {option} {}", Part::new(value).told()));
}

impl Mechanism {
    /// Tells both who they are.
    pub fn secure(self, server: &mut Actor, client: &mut Actor) {
        match self {
            Mechanism::Null => {}
            Mechanism::Plain => {
                server.set(0, PLAIN_SERVER, 1);
                octets(client, PLAIN_USERNAME, b"admin");
                octets(client, PLAIN_PASSWORD, b"secret");
            }
            Mechanism::Curve => {
                server.set(0, CURVE_SERVER, 1);
                octets(server, CURVE_SECRETKEY, SECRET);
                octets(client, CURVE_PUBLICKEY, PUBLIC);
                octets(client, CURVE_SECRETKEY, SECRET);
                octets(client, CURVE_SERVERKEY, PUBLIC);
            }
        }
    }
}

/// The options of `wss`.
#[cfg(feature = "draft")]
mod wss {
    pub const KEY: i32 = 103;
    pub const CERTIFICATE: i32 = 104;
    pub const TRUST: i32 = 105;
    pub const HOSTNAME: i32 = 106;
}
#[cfg(feature = "draft")]
pub use wss::{CERTIFICATE, HOSTNAME, KEY, TRUST};

/// Tells both what TLS wants to know, where there is TLS.
#[cfg(feature = "draft")]
pub fn introduce(scheme: Scheme, binder: &mut Actor, connecter: &mut Actor) {
    use rcgen::{CertificateParams, KeyPair};
    use std::sync::LazyLock;

    /// A certificate that vouches for itself, and its key.
    static IDENTITY: LazyLock<(String, String)> = LazyLock::new(|| {
        let params = CertificateParams::new(["right.test".to_owned()]).expect("it is a name");
        let key = KeyPair::generate().expect("there is chance enough");
        let certificate = params.self_signed(&key).expect("all is said");
        (certificate.pem(), key.serialize_pem())
    });

    if scheme == Scheme::Wss {
        octets(binder, CERTIFICATE, IDENTITY.0.as_bytes());
        octets(binder, KEY, IDENTITY.1.as_bytes());
        octets(connecter, TRUST, IDENTITY.0.as_bytes());
        octets(connecter, HOSTNAME, b"right.test");
    }
}

/// Without drafts there is no TLS.
#[cfg(not(feature = "draft"))]
pub fn introduce(_: Scheme, _: &mut Actor, _: &mut Actor) {}

/// What nothing comes of where libzmq plays.
fn fails_in_libzmq(
    cast: Cast,
    pair: &Pair,
    scheme: Scheme,
    mechanism: Mechanism,
    a_serves: bool,
) -> bool {
    // A REQ of libzmq's that has a handler judge its peer never hears of it.
    let asks = mechanism != Mechanism::Null && a_serves && pair.kinds.0 == zmq::REQ;
    // Between two of libzmq's no subscription gets through CURVE over WebSocket.
    let subscribes = [zmq::XPUB, zmq::PUB].contains(&pair.kinds.0)
        && mechanism == Mechanism::Curve
        && [Scheme::Ws, Scheme::Wss].contains(&scheme);
    let genuine = [cast.a, cast.b].map(|lib| lib == Lib::Genuine);
    (asks && genuine[0]) || (subscribes && genuine == [true; 2])
}

fn every_pair_through_every_mechanism(cast: Cast) {
    let messages = [
        vec![Part::new(b"short")],
        vec![Part::body(300, 1), Part::new(b""), Part::body(70_000, 2)],
    ];
    let (mut a, mut b) = cast.enter_judging();
    for pair in PAIRS {
        for scheme in cast.all_schemes() {
            for mechanism in MECHANISMS {
                for (a_binds, a_serves) in [(true, true), (true, false), (false, true)] {
                    if fails_in_libzmq(cast, pair, scheme, mechanism, a_serves) {
                        continue;
                    }
                    prepare(pair, &mut a, &mut b);
                    let (server, client) = if a_serves {
                        (&mut a, &mut b)
                    } else {
                        (&mut b, &mut a)
                    };
                    mechanism.secure(server, client);
                    let (binder, connecter) = if a_binds {
                        (&mut a, &mut b)
                    } else {
                        (&mut b, &mut a)
                    };
                    introduce(scheme, binder, connecter);
                    let endpoint = binder.bind(0, &fresh(scheme));
                    connecter.tell(format!("connect 0 {endpoint}"));
                    let what = format!(
                        "{:?} {scheme:?} {mechanism:?} a binds: {a_binds}, a serves: {a_serves}",
                        pair.kinds
                    );
                    println!("{what}");
                    talk(pair, &mut a, &mut b, &messages, &what);
                }
            }
        }
    }
    a.leave();
    b.leave();
}

plays! { every_pair_through_every_mechanism }
