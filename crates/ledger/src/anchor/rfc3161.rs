//! Time-stamping authorities (RFC 3161): the request for a head, and what a response says.
//!
//! Who signed the response, and whether that authority is to be believed, is not checked here: `openssl ts -verify` does that, with the
//! authority's certificate. Here it is only held against the head: does it speak of that head, and of what time?

use thiserror::Error;

use super::der::{
    BOOLEAN, CONTEXT_0, Der, GENERALIZED_TIME, INTEGER, NULL, OBJECT_ID, OCTET_STRING, SEQUENCE, SET, value,
};
use crate::hash::Hash;

/// 2.16.840.1.101.3.4.2.1
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// 1.2.840.113549.1.7.2
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// 1.2.840.113549.1.9.16.1.4
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];

/// What an authority states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStamp {
    /// What was stamped.
    pub digest: Hash,
    /// When, as the authority writes it: `YYYYMMDDhhmmssZ`, perhaps with fractions of a second.
    pub time: String,
}

/// Why bytes are not a response with a time stamp.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TimeStampError {
    /// Not DER of the right shape.
    #[error("this is no time-stamp response (RFC 3161, DER)")]
    Malformed,
    /// The authority refused.
    #[error("the authority did not grant the time stamp: status {status}")]
    NotGranted {
        /// 0 and 1 are granted.
        status: u8,
    },
    /// Stamped with another algorithm.
    #[error("the time stamp is not over a SHA-256 hash")]
    OtherHash,
}

/// The bytes of a request (`application/timestamp-query`) for the stamp over a digest, with the authority's certificate in the response.
/// No nonce: a response to an earlier request for the same head is as good.
pub fn request(digest: &Hash) -> Vec<u8> {
    let algorithm = value(SEQUENCE, &[value(OBJECT_ID, SHA256), value(NULL, &[])].concat());
    let imprint = value(SEQUENCE, &[algorithm, value(OCTET_STRING, digest.as_bytes())].concat());
    value(SEQUENCE, &[value(INTEGER, &[1]), imprint, value(BOOLEAN, &[0xff])].concat())
}

/// Reads a response.
pub fn read(response: &[u8]) -> Result<TimeStamp, TimeStampError> {
    let mut whole = Der::new(response);
    let mut response = whole.enter(SEQUENCE).filter(|_| whole.is_empty()).ok_or(TimeStampError::Malformed)?;
    let status = response.enter(SEQUENCE).and_then(|mut status| status.take(INTEGER));
    match status.ok_or(TimeStampError::Malformed)? {
        [0 | 1] => {}
        [status] => return Err(TimeStampError::NotGranted { status: *status }),
        _ => return Err(TimeStampError::Malformed),
    }
    let info = info_of(response).ok_or(TimeStampError::Malformed)?;
    let (algorithm, digest, time) = stamp_of(info).ok_or(TimeStampError::Malformed)?;
    if algorithm != SHA256 {
        return Err(TimeStampError::OtherHash);
    }
    let digest = Hash(digest.try_into().map_err(|_| TimeStampError::OtherHash)?);
    let time = std::str::from_utf8(time).ok().filter(|time| is_time(time)).ok_or(TimeStampError::Malformed)?;
    Ok(TimeStamp { digest, time: time.to_owned() })
}

/// The signed content of the token in a response.
fn info_of(mut response: Der<'_>) -> Option<Der<'_>> {
    let mut token = response.enter(SEQUENCE)?;
    if token.take(OBJECT_ID)? != SIGNED_DATA {
        return None;
    }
    let mut signed = token.enter(CONTEXT_0)?.enter(SEQUENCE)?;
    signed.take(INTEGER)?;
    signed.take(SET)?;
    let mut content = signed.enter(SEQUENCE)?;
    if content.take(OBJECT_ID)? != TST_INFO {
        return None;
    }
    Der::new(content.enter(CONTEXT_0)?.take(OCTET_STRING)?).enter(SEQUENCE)
}

fn stamp_of(mut info: Der<'_>) -> Option<(&[u8], &[u8], &[u8])> {
    info.take(INTEGER)?;
    info.take(OBJECT_ID)?;
    let mut imprint = info.enter(SEQUENCE)?;
    let algorithm = imprint.enter(SEQUENCE)?.take(OBJECT_ID)?;
    let digest = imprint.take(OCTET_STRING)?;
    info.take(INTEGER)?;
    Some((algorithm, digest, info.take(GENERALIZED_TIME)?))
}

fn is_time(time: &str) -> bool {
    let Some(digits) = time.strip_suffix('Z') else { return false };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    whole.len() == 14 && [whole, fraction].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_the_standard_says() {
        let request = request(&Hash([7; 32]));
        let expected = [
            &[0x30, 57, 0x02, 1, 1, 0x30, 49, 0x30, 13, 0x06, 9][..],
            SHA256,
            &[0x05, 0, 0x04, 32],
            &[7; 32],
            &[0x01, 1, 0xff],
        ];
        assert_eq!(request, expected.concat());
    }

    #[test]
    fn strangers_bytes_are_refused_without_a_panic() {
        for wrong in
            [&[][..], &[0x30], &[0x30, 0x84, 1, 1, 1, 1], &[0x30, 0x83, 1], &[0x30, 0x80, 0, 0], &[0x30, 2, 0x30, 0]]
        {
            assert_eq!(read(wrong), Err(TimeStampError::Malformed));
        }
        // PKIStatusInfo with status 2: rejected.
        assert_eq!(read(&[0x30, 5, 0x30, 3, 0x02, 1, 2]), Err(TimeStampError::NotGranted { status: 2 }));
    }
}
