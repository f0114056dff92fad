//! Bencode, the form that torrents are written in (BEP 3). Every value has one form only; others are refused.

use std::collections::BTreeMap;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A whole number. Torrents have no negative ones.
    Number(u64),
    /// Bytes, mostly a text.
    Bytes(Vec<u8>),
    /// Values in order.
    List(Vec<Value>),
    /// Values by name, sorted.
    Dictionary(BTreeMap<Vec<u8>, Value>),
}

/// Deeper than any torrent.
const DEEPEST: usize = 8;

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Bytes(text.into().into_bytes())
    }

    /// Values by name.
    pub fn dictionary<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Dictionary(fields.into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value)).collect())
    }

    /// What stands under a name of a dictionary.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Dictionary(fields) => fields.get(name.as_bytes()),
            _ => None,
        }
    }

    /// The number it is.
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The bytes it is.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text it is.
    pub fn as_text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// The list it is.
    pub fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => out.extend(format!("i{number}e").into_bytes()),
            Self::Bytes(bytes) => write_bytes(bytes, out),
            Self::List(values) => {
                out.push(b'l');
                values.iter().for_each(|value| value.write(out));
                out.push(b'e');
            }
            Self::Dictionary(fields) => {
                out.push(b'd');
                for (name, value) in fields {
                    write_bytes(name, out);
                    value.write(out);
                }
                out.push(b'e');
            }
        }
    }

    /// The value that bytes are, if they are one and nothing more.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let value = read(&mut rest, 0)?;
        rest.is_empty().then_some(value)
    }
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(format!("{}:", bytes.len()).into_bytes());
    out.extend(bytes);
}

fn read(rest: &mut &[u8], depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    match *rest.first()? {
        b'i' => {
            *rest = &rest[1..];
            read_number(rest, b'e').map(Value::Number)
        }
        b'l' => {
            *rest = &rest[1..];
            let mut values = Vec::new();
            while *rest.first()? != b'e' {
                values.push(read(rest, depth + 1)?);
            }
            *rest = &rest[1..];
            Some(Value::List(values))
        }
        b'd' => {
            *rest = &rest[1..];
            let mut fields = BTreeMap::new();
            while *rest.first()? != b'e' {
                let name = read_bytes(rest)?;
                if fields.last_key_value().is_some_and(|(last, _)| *last >= name) {
                    return None;
                }
                fields.insert(name, read(rest, depth + 1)?);
            }
            *rest = &rest[1..];
            Some(Value::Dictionary(fields))
        }
        _ => read_bytes(rest).map(Value::Bytes),
    }
}

fn read_bytes(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(read_number(rest, b':')?).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes.to_vec())
}

/// Digits without needless zeros, and what ends them.
fn read_number(rest: &mut &[u8], end: u8) -> Option<u64> {
    let at = rest.iter().take(24).position(|byte| *byte == end)?;
    let digits = std::str::from_utf8(&rest[..at]).ok()?;
    let number: u64 = digits.parse().ok()?;
    *rest = &rest[at + 1..];
    (number.to_string() == digits).then_some(number)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test is a panic")]
mod tests {
    use super::Value;

    #[test]
    fn what_is_written_is_read_again_and_nothing_else() {
        let value = Value::dictionary([
            ("name", Value::text("a")),
            ("length", Value::Number(0)),
            ("list", Value::List(vec![Value::Number(u64::MAX), Value::Bytes(vec![0, 255])])),
        ]);
        let bytes = value.encode();
        assert_eq!(bytes, b"d6:lengthi0e4:listli18446744073709551615e2:\x00\xffe4:name1:ae");
        assert_eq!(Value::decode(&bytes).unwrap(), value);
        for wrong in [
            "",
            "i1",
            "ie",
            "i01e",
            "i-1e",
            "i-0e",
            "i+1e",
            "i18446744073709551616e",
            "1:",
            "2:a",
            "01:a",
            "1a",
            "l",
            "le1",
            "d",
            "d1:ai1e",
            "d1:bi1e1:ai1ee",
            "d1:ai1e1:ai1ee",
            "di1ei1ee",
            "lllllllllle",
            "99999999999999999999:a",
        ] {
            assert_eq!(Value::decode(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
