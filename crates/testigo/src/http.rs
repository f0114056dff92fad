//! The one place that reaches out over the network: short questions to servers whose addresses the user gave.
//!
//! No cookies, no referrer, no name of this program, no redirects to other hosts, and an answer that is too long or too slow is an error.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ureq::Agent;
use ureq::http::header::CONTENT_TYPE;

/// A client with a limit of time for each question.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
}

/// What came back, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// As in HTTP.
    pub status: u16,
    /// Media type, empty where none was given.
    pub content_type: String,
    /// What was sent.
    pub body: Vec<u8>,
}

impl Client {
    /// A client that gives up on a question after so long.
    pub fn new(timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .timeout_connect(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent("")
            .build();
        Self { agent: config.into() }
    }

    /// Asks for what stands at an address. An answer longer than `most` bytes is an error.
    pub fn get(&self, url: &str, most: u64) -> Result<Answer> {
        check(url)?;
        let answer = self.agent.get(url).call().with_context(|| format!("{url} does not answer"))?;
        read(url, answer, most)
    }

    /// Sends a text to an address.
    pub fn post(&self, url: &str, body: &str, most: u64) -> Result<Answer> {
        self.post_bytes(url, "text/plain; charset=utf-8", body.as_bytes(), most)
    }

    /// Sends bytes of a media type to an address.
    pub fn post_bytes(&self, url: &str, media_type: &str, body: &[u8], most: u64) -> Result<Answer> {
        check(url)?;
        let answer = self.agent.post(url).content_type(media_type).send(body);
        read(url, answer.with_context(|| format!("{url} does not answer"))?, most)
    }
}

fn check(url: &str) -> Result<()> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(());
    }
    bail!("`{url}` is no address\nhint: it begins with https:// (or http:// within a network of your own)")
}

fn read(url: &str, mut answer: ureq::http::Response<ureq::Body>, most: u64) -> Result<Answer> {
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = content_type.to_owned();
    let mut body = Vec::new();
    let reader = answer.body_mut().as_reader();
    reader.take(most + 1).read_to_end(&mut body).with_context(|| format!("{url} broke off"))?;
    if u64::try_from(body.len()).unwrap_or(u64::MAX) > most {
        bail!("{url} answers with more than {most} bytes");
    }
    Ok(Answer { status: answer.status().as_u16(), content_type, body })
}
