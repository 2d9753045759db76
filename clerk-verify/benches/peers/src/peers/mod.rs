//! The other libraries in Rust.

mod axum_jwt_auth;
mod clerk_rs;
mod jsonwebtoken;
mod jwt_authorizer;
#[cfg(feature = "jwt-simple")]
mod jwt_simple;

use std::rc::Rc;

use clerk_verify::testing::KeyServer;
use tokio::runtime::Runtime;

use crate::{Result, contestant::Contestant, material::Material};

/// How far the clocks may be apart where a library lets one say it, in seconds: what Clerk's own allow.
const LEEWAY: u64 = 5;

/// All of them, with the keys they need already fetched.
pub(crate) fn all(
    material: &Material,
    runtime: &Rc<Runtime>,
    server: &KeyServer,
) -> Result<Vec<Box<dyn Contestant>>> {
    Ok(vec![
        Box::new(jsonwebtoken::Peer::new(material)?),
        #[cfg(feature = "jwt-simple")]
        Box::new(jwt_simple::Peer::new(material)?),
        Box::new(jwt_authorizer::Peer::new(material, runtime, server)?),
        Box::new(clerk_rs::Peer::new(runtime, server)),
        Box::new(axum_jwt_auth::Peer::new(material, runtime, server)?),
    ])
}
