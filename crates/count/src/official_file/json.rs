//! JSON with the line of everything, and numbers as they were written: `51.20` states two decimals, `51.2` one.

use crate::source::SourceError;

/// Lists and objects within each other.
const DEEPEST: usize = 32;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Where it begins, from 1.
    pub line: usize,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Truth(bool),
    /// As it was written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// Reads one value that takes up the whole text.
pub(super) fn parse(file: &str, text: &[u8]) -> Result<Node, SourceError> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let line = text[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        super::fault(file, line, "", "this is not UTF-8 text; save the file as UTF-8")
    })?;
    let mut parser = Parser { file, text, at: 0, path: Vec::new() };
    let node = parser.node(0)?;
    parser.space();
    if parser.at < text.len() {
        return Err(parser.wrong("something follows after the end of the JSON value"));
    }
    Ok(node)
}

struct Parser<'a> {
    file: &'a str,
    text: &'a str,
    at: usize,
    path: Vec<String>,
}

impl Parser<'_> {
    fn line(&self) -> usize {
        self.text.as_bytes()[..self.at].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    fn wrong(&self, message: &str) -> SourceError {
        super::fault(self.file, self.line(), &self.path.join("."), message)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn node(&mut self, depth: usize) -> Result<Node, SourceError> {
        self.space();
        let line = self.line();
        let value = match self.peek() {
            _ if depth > DEEPEST => return Err(self.wrong("lists and objects stand too deep within each other")),
            Some(b'{') => Value::Object(self.object(depth)?),
            Some(b'[') => Value::List(self.list(depth)?),
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(_) => self.word()?,
            None => return Err(self.wrong("the file ends in the middle")),
        };
        Ok(Node { line, value })
    }

    fn word(&mut self) -> Result<Value, SourceError> {
        for (word, value) in [("null", Value::Null), ("true", Value::Truth(true)), ("false", Value::Truth(false))] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.wrong("a value is expected: a number, a text in quotes, a list or an object"))
    }

    fn number(&mut self) -> Result<String, SourceError> {
        let rest = &self.text[self.at..];
        let end = rest.find(|one: char| !(one.is_ascii_digit() || "+-.eE".contains(one))).unwrap_or(rest.len());
        let written = rest[..end].to_owned();
        if serde_json::from_str::<serde_json::Number>(&written).is_err() {
            return Err(self.wrong(&format!("`{}` is no number", written.chars().take(40).collect::<String>())));
        }
        self.at += end;
        Ok(written)
    }

    fn string(&mut self) -> Result<String, SourceError> {
        let rest = &self.text.as_bytes()[self.at..];
        let mut end = 1;
        loop {
            match rest.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(b'\n') | None => return Err(self.wrong("a text in quotes does not end on its line")),
                Some(_) => end += 1,
            }
        }
        let written = self.text.get(self.at..=self.at + end).unwrap_or_default();
        let text = serde_json::from_str(written).map_err(|_| self.wrong("a text in quotes is malformed"))?;
        self.at += end + 1;
        Ok(text)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, SourceError> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.takes(b']') {
            return Ok(items);
        }
        loop {
            self.path.push(items.len().to_string());
            items.push(self.node(depth + 1)?);
            self.path.pop();
            self.space();
            if self.takes(b']') {
                return Ok(items);
            }
            if !self.takes(b',') {
                return Err(self.wrong("`,` or `]` is expected here"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Vec<(String, Node)>, SourceError> {
        self.at += 1;
        let mut fields: Vec<(String, Node)> = Vec::new();
        self.space();
        if self.takes(b'}') {
            return Ok(fields);
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("the name of a field in quotes is expected here"));
            }
            let name = self.string()?;
            self.path.push(name.chars().filter(|one| !one.is_control()).take(60).collect());
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(self.wrong("this field is there twice"));
            }
            self.space();
            if !self.takes(b':') {
                return Err(self.wrong("`:` is expected after the name of a field"));
            }
            fields.push((name, self.node(depth + 1)?));
            self.path.pop();
            self.space();
            if self.takes(b'}') {
                return Ok(fields);
            }
            if !self.takes(b',') {
                return Err(self.wrong("`,` or `}` is expected here"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_they_were_written_and_everything_has_its_line() {
        let node = parse("f", b"{\n \"a\": 51.20,\n \"b\": [null,\n \"x\\u00e9\"]}").unwrap();
        let Value::Object(fields) = node.value else { panic!("no object") };
        assert_eq!(fields[0].1, Node { line: 2, value: Value::Number("51.20".to_owned()) });
        let list =
            vec![Node { line: 3, value: Value::Null }, Node { line: 4, value: Value::Text("x\u{e9}".to_owned()) }];
        assert_eq!(fields[1].1, Node { line: 3, value: Value::List(list) });
    }

    #[test]
    fn what_is_wrong_is_said_with_line_and_field() {
        for (text, line, field) in [
            ("{\"a\": 1,\n \"b\": }", 2, "b"),
            ("{\"a\": {\"b\": 01}}", 1, "a.b"),
            ("{\"a\": 1, \"a\": 2}", 1, "a"),
            ("[1\n 2]", 2, ""),
            ("[\"abc", 1, "0"),
            ("{} {}", 1, ""),
            ("[\"\\", 1, "0"),
            ("", 1, ""),
        ] {
            let error = parse("f", text.as_bytes()).unwrap_err();
            assert_eq!((error.line, error.field.as_str()), (line, field), "{text}: {error}");
        }
        assert!(parse("f", "[".repeat(100_000).as_bytes()).is_err(), "no stack is deep enough");
        assert_eq!(parse("f", b"[1,\n\xff]").unwrap_err().line, 2);
    }
}
