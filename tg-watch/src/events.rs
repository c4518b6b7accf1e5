//! The stream of events of one browser: first everything, then what is new, as often as it can take it.

use crate::board::Board;
use crate::http;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;
use tg_stage::time;

/// What comes closer together is told together.
const TOGETHER: Duration = Duration::from_millis(15);
/// How often a browser is told that we are here, and asked whether it is.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// Send events until the browser goes.
pub fn stream(stream: &mut TcpStream, board: &Board) -> std::io::Result<()> {
    http::begin_events(stream)?;
    let mut news = board.everything(time::now_ms());
    http::event(stream, "all", &news.text)?;
    loop {
        sleep(TOGETHER);
        match board.news(news.change, time::now_ms(), SIGN_OF_LIFE) {
            Some(newer) => {
                http::event(stream, "some", &newer.text)?;
                news = newer;
            }
            None => http::still_here(stream)?,
        }
    }
}
