//! Requests to a world over its loopback port.

use std::io::{Read, Write};
use std::net::TcpStream;

use regionmig_testkit::Face;
use serde_json::{Value, json};

const ACCOUNT: &str = "111111111111";

/// Asks, and returns the answer or the error as the recorder wrote it.
pub(crate) fn ask(face: &Face, service: &str, region: &str, target: &str, input: &Value) -> Value {
    let (status, body) = send(face, service, region, target, &input.to_string());
    let mut answer = if body.is_empty() { json!({}) } else { serde_json::from_str(&body).unwrap() };
    if status != 200 {
        answer = json!({ "Error": { "Code": answer["__type"], "Message": answer["message"] } });
    }
    answer["ResponseMetadata"] = json!({ "HTTPStatusCode": status });
    answer
}

fn send(face: &Face, service: &str, region: &str, target: &str, body: &str) -> (u16, String) {
    let host = face.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: {target}\r\nx-amz-date: 20260301T000000Z\r\ncontent-length: {}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260301/{region}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}
