//! A real HTTP client for a server under test.

use crate::Answer;

/// Sends requests to a server on loopback, and follows no redirects.
#[derive(Clone, Debug)]
pub struct Client {
    url: String,
    client: reqwest::Client,
}

impl Client {
    /// A client of the server at this root URL.
    ///
    /// # Panics
    ///
    /// Where no client can be made.
    #[must_use]
    pub fn new(url: String) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client can be made");
        Self { url, client }
    }

    /// Sends a request with these headers.
    ///
    /// # Panics
    ///
    /// Where the server does not answer.
    pub async fn send(&self, method: &str, path: &str, headers: &[(String, Vec<u8>)]) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("it is a method");
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            let value = reqwest::header::HeaderValue::from_bytes(value).expect("it can be sent");
            request = request.header(name, value);
        }
        let response = request.send().await.expect("the server answers");
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        let body = response.text().await.expect("the body is text");
        Answer {
            status,
            headers,
            body,
        }
    }

    /// Gets a path with these headers.
    ///
    /// # Panics
    ///
    /// Where the server does not answer.
    pub async fn get(&self, path: &str, headers: &[(&str, String)]) -> Answer {
        let headers: Vec<(String, Vec<u8>)> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes()))
            .collect();
        self.send("GET", path, &headers).await
    }
}

/// An `Authorization` header.
#[must_use]
pub fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

/// A `Cookie` header.
#[must_use]
pub fn cookie(token: &str) -> (&'static str, String) {
    ("cookie", format!("theme=dark; __session={token}"))
}
