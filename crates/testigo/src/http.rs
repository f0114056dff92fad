//! The one place that reaches out over the network: short questions to servers whose addresses the user gave.
//!
//! No cookies, no referrer, no name of this program, no redirects to other hosts, and an answer that is too long or too slow is an error.

use std::io::{Read, Write};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use ureq::Agent;
use ureq::http::header::{CONTENT_TYPE, LOCATION};

/// A file is looked for in so many places, one redirect after the other.
const MOST_REDIRECTS: usize = 5;

/// A download slower than this is given up, in bytes a second; a file has a minute more than it takes at this pace.
const SLOWEST: u64 = 4_096;

/// A client with a limit of time for each question.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
}

/// What became of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Download {
    /// The whole file, of so many bytes, from this address in the end.
    Whole(u64, String),
    /// Longer than it may be: what was written is no more than a byte longer than that.
    TooLong,
    /// No file, but this status of HTTP.
    Refused(u16),
}

/// Why a download failed.
#[derive(Debug)]
pub struct DownloadError {
    /// What to tell.
    pub error: anyhow::Error,
    /// Whether it may go well when it is tried again.
    pub passing: bool,
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
        Self::with(Some(timeout), timeout, 1)
    }

    /// A client for downloads over so many connections at a time, which gives up on a server that says nothing for so long.
    pub fn for_downloads(silence: Duration, connections: usize) -> Self {
        Self::with(None, silence, connections)
    }

    fn with(whole: Option<Duration>, silence: Duration, connections: usize) -> Self {
        let config = Agent::config_builder()
            .timeout_global(whole)
            .timeout_connect(Some(silence))
            .timeout_per_read(Some(silence))
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections)
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent("")
            .build();
        Self { agent: config.into() }
    }

    /// Writes what stands at an address to `into`, no more than `most` bytes and one. Redirects are followed on the same host.
    pub fn download(&self, url: &str, most: u64, into: &mut dyn Write) -> Result<Download, DownloadError> {
        let passing = |error: anyhow::Error| DownloadError { error, passing: true };
        let lasting = |error: anyhow::Error| DownloadError { error, passing: false };
        let mut address = url.to_owned();
        for _ in 0..=MOST_REDIRECTS {
            check(&address).map_err(lasting)?;
            let limit = Duration::from_secs(60 + most / SLOWEST);
            let asked = self.agent.get(&address).config().timeout_global(Some(limit)).build().call();
            let mut answer =
                asked.map_err(|error| passing(anyhow!(error).context(format!("{address} does not answer"))))?;
            match answer.status().as_u16() {
                200 => {
                    let mut body = answer.body_mut().as_reader().take(most.saturating_add(1));
                    let length = std::io::copy(&mut body, into)
                        .map_err(|error| passing(anyhow!(error).context(format!("{address} broke off"))))?;
                    return Ok(if length > most { Download::TooLong } else { Download::Whole(length, address) });
                }
                301 | 302 | 303 | 307 | 308 => {
                    let target =
                        answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
                    address = redirected(&address, target).map_err(lasting)?;
                }
                status => return Ok(Download::Refused(status)),
            }
        }
        Err(lasting(anyhow!("{url} redirects more than {MOST_REDIRECTS} times")))
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

/// Where a redirect leads. What was asked of one host is not told to another, nor in the open what was asked in secret.
fn redirected(from: &str, target: &str) -> Result<String> {
    let (scheme, rest) = from.split_once("://").unwrap_or_default();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let target = target.split('#').next().unwrap_or_default();
    let to = match target.strip_prefix("//") {
        Some(rest) => format!("{scheme}://{rest}"),
        None if target.contains("://") => target.to_owned(),
        None if target.starts_with('/') => format!("{scheme}://{host}{target}"),
        None => format!("{scheme}://{host}{}{target}", path.rfind('/').map_or("/", |end| &path[..=end])),
    };
    let (to_scheme, to_rest) = to.split_once("://").unwrap_or_default();
    let name = |host: &str| host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let to_host = to_rest.split(['/', '?', '\\']).next().unwrap_or_default();
    let same_host = !to_host.contains('@') && name(to_host) == name(host);
    if target.is_empty() || !same_host || (scheme == "https" && to_scheme != "https") {
        let target = if target.is_empty() { "nowhere" } else { target };
        bail!(
            "{from} redirects to {target}, which is not followed\nhint: give that address, if it is the one you mean"
        );
    }
    Ok(to)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test is a panic")]
mod tests {
    use super::redirected;

    #[test]
    fn redirects_stay_with_the_host_and_never_leave_encryption() {
        for (from, target, to) in [
            ("http://a.example/site/manifest", "/other/manifest", "http://a.example/other/manifest"),
            ("http://a.example/site/manifest", "list", "http://a.example/site/list"),
            ("http://a.example", "list", "http://a.example/list"),
            ("http://a.example/m", "https://A.example/m#x", "https://A.example/m"),
            ("http://a.example:8080/m", "//a.example/m", "http://a.example/m"),
        ] {
            assert_eq!(redirected(from, target).unwrap(), to);
        }
        for (from, target) in [
            ("https://a.example/m", "http://a.example/m"),
            ("https://a.example/m", "https://b.example/m"),
            ("https://a.example/m", "https://a.example@b.example/m"),
            ("https://a.example/m", "https://a.example:1@b.example/m"),
            ("https://a.example/m", "//b.example/m"),
            ("https://a.example/m", "file:///etc/passwd"),
            ("https://a.example/m", ""),
        ] {
            assert!(redirected(from, target).unwrap_err().to_string().contains("is not followed"), "{from} {target}");
        }
    }
}
