//! The floor: nothing but the signature of a token, by a key that was parsed once, over bytes that lie ready.

use std::hint::black_box;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use crate::stage;

pub(crate) struct Floor {
    key: ParsedPublicKey,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

impl Floor {
    pub(crate) fn of(token: &str) -> Self {
        let pem = stage::issuer().public_pem();
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(body).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        Self {
            key: ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).unwrap(),
            signed: signed.into(),
            signature: URL_SAFE_NO_PAD.decode(signature).unwrap(),
        }
    }

    #[inline(never)]
    pub(crate) fn verify(&self) -> bool {
        let (signed, signature) = (black_box(&self.signed), black_box(&self.signature));
        black_box(self.key.verify_sig(signed, signature).is_ok())
    }
}
