//! Which class of Clerk token a JWT is, told before anything about it is believed.

use crate::{claims::Payload, error::Kind, token::Header};

/// `cat` of session tokens.
const SESSION: &str = "cl_B7d4PD111AAA";
/// `cat` of tokens made from JWT templates.
const TEMPLATE: &str = "cl_B7d4PD222AAA";
/// `cat` of machine-to-machine tokens.
const MACHINE: &str = "cl_B7d4PD333AAA";
/// `cat` that some instances stamp on tokens of every class.
const ANY: &str = "cl_I7d4PD111III";

/// Only session tokens pass, and JWT templates where they are let in.
pub(crate) fn check(
    header: &Header<'_>,
    payload: &Payload<'_>,
    accept_templates: bool,
) -> Result<(), Kind> {
    if let Some("at+jwt" | "application/at+jwt") = header.typ.text().as_deref() {
        return Err(other(
            "an OAuth access token (`typ` at+jwt)",
            "OAuth access tokens are not for this verifier; send the session token of Clerk's frontend SDK",
        ));
    }
    if payload
        .sub
        .text()
        .is_some_and(|sub| sub.starts_with("mch_"))
    {
        return Err(machine());
    }
    match header.cat.text().as_deref() {
        None if header.cat.is_absent() => Ok(()),
        Some(SESSION | ANY) => Ok(()),
        Some(TEMPLATE) if accept_templates => Ok(()),
        Some(TEMPLATE) => Err(other(
            "made from a JWT template",
            "send the token of `getToken()` without a template, or use `accept_jwt_templates(true)`",
        )),
        Some(MACHINE) => Err(machine()),
        _ => Err(other(
            &format!("of an unknown class (`cat` {})", header.cat.seen()),
            "send the session token of Clerk's frontend SDK",
        )),
    }
}

fn machine() -> Kind {
    other(
        "a machine-to-machine token",
        "machine tokens are not for this verifier; send the session token of Clerk's frontend SDK",
    )
}

fn other(found: &str, remedy: &'static str) -> Kind {
    Kind::OtherClass {
        found: found.to_owned(),
        remedy,
    }
}
