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

    /// Checks status, headers (but for those of the HTTP server, in the order of their names) and body, byte for byte.
    ///
    /// # Panics
    ///
    /// Where one differs.
    pub fn assert_is(&self, status: u16, headers: &[(&str, &str)], body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
        assert_eq!(self.ours(), headers);
    }

    /// Checks that it is the answer to a caller who is signed in and lacks a role, permission, feature or plan, to the
    /// letter.
    ///
    /// # Panics
    ///
    /// Where it is not.
    pub fn assert_forbids(&self) {
        const REASON: &str = "insufficient-authorization";
        assert_eq!(self.status, 403, "{self:?}");
        assert_eq!(
            self.ours(),
            [
                ("cache-control", "no-store"),
                ("content-type", "application/json"),
                ("www-authenticate", "Bearer error=\"insufficient_scope\""),
                ("x-clerk-auth-reason", REASON),
            ]
        );
        let body: serde_json::Value = serde_json::from_str(&self.body).expect("the body is JSON");
        assert_eq!(body["errors"][0]["code"], REASON);
        assert!(body["errors"][0]["message"].is_string());
    }

    /// Checks that it is the answer that makes Clerk's frontend SDK ask for this reverification, to the letter.
    ///
    /// # Panics
    ///
    /// Where it is not.
    pub fn assert_asks_for_reverification(&self, reverification: &str) {
        assert_eq!(self.status, 403, "{self:?}");
        assert_eq!(
            self.ours(),
            [
                ("cache-control", "no-store"),
                ("content-type", "application/json"),
                ("x-clerk-auth-reason", "reverification-error"),
            ]
        );
        let expected = [
            r#"{"clerk_error":{"type":"forbidden","reason":"reverification-error","metadata":{"reverification":"#,
            reverification,
            "}}}",
        ];
        assert_eq!(self.body, expected.concat());
    }

    /// The headers, in the order of their names, but for those of the HTTP server.
    fn ours(&self) -> Vec<(&str, &str)> {
        let mut headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !matches!(*name, "content-length" | "date" | "vary"))
            .collect();
        headers.sort_unstable();
        headers
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
