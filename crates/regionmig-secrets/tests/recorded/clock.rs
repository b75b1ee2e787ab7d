//! The clock of what stands where a world in another process would: no time passes there but what is waited for.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use regionmig_testkit::World;

/// Says what time it is. It passes only while nothing is waited for but time: no answer is late.
pub(crate) fn keeps_time(mut stream: TcpStream, mut lines: BufReader<TcpStream>) -> Option<()> {
    // As in every world at its beginning.
    let (mut now, mut line) = (World::new().clock().now().as_nanosecond(), String::new());
    loop {
        writeln!(stream, "now {now}").ok()?;
        loop {
            line.clear();
            lines.read_line(&mut line).ok()?;
            let mut words = line.strip_prefix("wait ")?.split_whitespace();
            let wait: i128 = words.next()?.parse().ok()?;
            if words.next().is_none() {
                now += wait;
                break;
            }
        }
    }
}
