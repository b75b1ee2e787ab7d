//! awsQuery: a form in, XML out.

use serde_json::{Map, Value};

use crate::call::Refusal;

/// Reads a form into an object of texts; `Tags.member.1.Key` keeps its dots.
pub(super) fn read(body: &[u8]) -> Result<(String, Value), Refusal> {
    let malformed = || Refusal::new("MalformedQueryString").message("the form cannot be read").status(400);
    let body = std::str::from_utf8(body).map_err(|_| malformed())?;
    let mut parameters = Map::new();
    for pair in body.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| urlencoding::decode(&text.replace('+', " ")).map(|text| text.into_owned());
        parameters.insert(decode(name).map_err(|_| malformed())?, decode(value).map_err(|_| malformed())?.into());
    }
    match parameters.get("Action").and_then(Value::as_str) {
        Some(action) => Ok((action.to_owned(), Value::Object(parameters))),
        None => Err(Refusal::new("MissingAction").message("the form names no action")),
    }
}

pub(super) fn write(
    operation: &str,
    version: &str,
    answer: &Result<Value, Refusal>,
    request_id: &str,
) -> (u16, Vec<(&'static str, String)>, String) {
    // The version tells the service: each has had one only.
    let service = if version == "2010-05-08" { "iam" } else { "sts" };
    let xmlns = format!("https://{service}.amazonaws.com/doc/{version}/");
    let (status, xml) = match answer {
        Ok(result) => {
            let result = element(result);
            let metadata = format!("<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>");
            let result = format!("<{operation}Result>{result}</{operation}Result>");
            (200, format!("<{operation}Response xmlns=\"{xmlns}\">{result}{metadata}</{operation}Response>"))
        }
        Err(refusal) => {
            let (side, message) = (if refusal.status < 500 { "Sender" } else { "Receiver" }, escape(&refusal.message));
            let error = format!("<Type>{side}</Type><Code>{}</Code><Message>{message}</Message>", refusal.code);
            let error = format!("<Error>{error}</Error><RequestId>{request_id}</RequestId>");
            (refusal.status, format!("<ErrorResponse xmlns=\"{xmlns}\">{error}</ErrorResponse>"))
        }
    };
    (status, vec![("content-type", "text/xml".to_owned())], xml)
}

/// Writes the inside of an element: members by name, lists as `member`, texts as they are.
fn element(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => escape(text),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => items.iter().map(|item| wrap("member", item)).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| wrap(name, value)).collect(),
    }
}

fn wrap(name: &str, value: &Value) -> String {
    format!("<{name}>{}</{name}>", element(value))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_written_as_query_services_write_it() {
        let xml = element(&json!({ "A": { "B": "x<&>" }, "L": [1, true], "N": null }));
        assert_eq!(xml, "<A><B>x&lt;&amp;&gt;</B></A><L><member>1</member><member>true</member></L><N></N>");
    }

    #[test]
    fn a_form_is_read_with_its_escapes() {
        let read = read(b"Action=AssumeRole&RoleArn=arn%3Aaws&Name=a+b&Tags.member.1.Key=k&Empty=");
        let body = json!({ "Action": "AssumeRole", "RoleArn": "arn:aws", "Name": "a b", "Tags.member.1.Key": "k", "Empty": "" });
        assert_eq!(read, Ok(("AssumeRole".to_owned(), body)));
        assert_eq!(super::read(b"Version=1").map_err(|refusal| refusal.code), Err("MissingAction".to_owned()));
    }
}
