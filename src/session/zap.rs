//! One question to a ZAP handler: who may come in (RFC 27).
//!
//! Invariant: a handler that is slow, dies or never answers keeps its peer waiting, and nobody
//! else; the handshake's own patience ends it.

use std::sync::Arc;

use crate::errno::Errno;
use crate::proto::Failure;
use crate::proto::zap::{ANSWER_PARTS, Answer, Credentials, NAME, Question};
use crate::runtime::{Conflate, Limits, Party, Pipe, Post};

use super::Plan;

/// A handler that was asked; dropped, its answer is of no interest any more.
pub(super) struct Inquiry {
    pipe: Pipe,
}

/// Whether there is somebody to ask.
pub(super) enum Handler {
    /// The question is on its way.
    Asked(Box<Inquiry>),
    /// There is none, and peers are let in without one.
    Needless,
}

impl Inquiry {
    /// Asks the handler of this context about a peer.
    pub(super) fn ask(
        plan: &Plan,
        post: &Arc<Post>,
        address: &str,
        credentials: &Credentials,
    ) -> Result<Handler, Failure> {
        let party = Party {
            owner: 0,
            limits: Limits {
                send: Some(0),
                receive: Some(0),
            },
            routing_id: Vec::new(),
            wants_routing_ids: false,
            hello: Vec::new(),
            farewell: Vec::new(),
        };
        let pipe = plan
            .names
            .connect(NAME, party, post.clone(), Conflate::default(), true);
        let mut pipe = match pipe {
            Ok(pipe) => pipe,
            // COMPAT: with NULL and CURVE a domain without a handler lets everyone in, unless
            // ZMQ_ZAP_ENFORCE_DOMAIN is set; a password that nobody can judge never does.
            Err(Errno::ECONNREFUSED)
                if credentials.mechanism != "PLAIN" && !plan.options.zap_enforce_domain =>
            {
                return Ok(Handler::Needless);
            }
            Err(_) => return Err(Failure::NoHandler),
        };
        pipe.set_token(0);
        let question = Question {
            domain: &plan.options.zap_domain,
            address: address.as_bytes(),
            routing_id: &plan.options.routing_id,
            credentials,
        };
        for part in question.parts()? {
            // Without a high-water mark a pipe takes all. A handler that is gone already is as one
            // that will not answer.
            let _ = pipe.write(part);
        }
        pipe.flush();
        Ok(Handler::Asked(Box::new(Inquiry { pipe })))
    }

    /// The answer, once it is there. Until then the session is told when to look again.
    pub(super) fn answer(&mut self) -> Option<Result<Answer, Failure>> {
        let mut parts = vec![self.pipe.read()?];
        while parts.len() <= ANSWER_PARTS
            && parts.last().is_some_and(|last| last.more())
            && let Some(part) = self.pipe.read()
        {
            parts.push(part);
        }
        Some(Answer::parse(&parts))
    }
}
