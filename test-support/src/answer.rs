//! The answer to a refused request, as it comes over the wire.

/// What came over the wire.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// Checks that it is the answer for this status and reason, to the letter.
    ///
    /// # Panics
    ///
    /// Where it is not.
    pub fn assert_refuses(&self, status: u16, reason: &str) {
        assert_eq!(self.status, status, "{self:?}");
        for (name, _) in &self.headers {
            let count = self
                .headers
                .iter()
                .filter(|(known, _)| known == name)
                .count();
            assert!(
                count == 1 || name == "vary",
                "{name} stands {count} times: {self:?}"
            );
        }
        assert_eq!(self.header("x-clerk-auth-reason"), Some(reason), "{self:?}");
        assert_eq!(
            self.header("x-clerk-auth-status"),
            Some("signed-out"),
            "{self:?}"
        );
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        assert_eq!(self.header("location"), None, "never a redirect: {self:?}");
        let challenge = self.header("www-authenticate");
        match (status, reason) {
            (401, "session-token-missing") => assert_eq!(challenge, Some("Bearer")),
            (401, _) => {
                let challenge = challenge.expect("a 401 has a challenge");
                assert!(
                    challenge.starts_with("Bearer error=\"invalid_token\", error_description=\""),
                    "{challenge}"
                );
            }
            _ => assert_eq!(challenge, None),
        }
        let body: serde_json::Value = serde_json::from_str(&self.body).expect("the body is JSON");
        assert_eq!(body["errors"][0]["code"], reason);
        assert!(body["errors"][0]["message"].is_string());
    }

    /// Checks that no part of the token is anywhere in it.
    ///
    /// # Panics
    ///
    /// Where one is.
    pub fn assert_hides(&self, token: &str) {
        let everything = format!("{self:?}");
        for part in token.split('.').filter(|part| part.len() > 8) {
            assert!(
                !everything.contains(part),
                "a part of the token is in the answer"
            );
        }
    }
}
