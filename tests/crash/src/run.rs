//! One run of the child: started, heard, killed at some moment.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use crate::Fault;
use crate::promises::{Promise, Promises};

/// 1,024 lines wait to be heard; a child that is not heard waits too.
const LINES_MAX: usize = 1024;
/// A child that says nothing for so long hangs.
const SILENCE_MAX: Duration = Duration::from_secs(120);

/// When the child is killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kill {
    /// So long after it has said so many lines.
    After(u64, Duration),
    /// It ends by itself: at a write point, or at its last height.
    Never,
}

/// What to run.
pub struct Run<'a> {
    /// The folder of the three places.
    pub folder: &'a Path,
    /// The seed of the blocks.
    pub seed: u64,
    /// Heights after which the child ends by itself.
    pub heights: u64,
    /// Variables of its environment.
    pub variables: &'a [(&'a str, String)],
    /// When it is killed.
    pub kill: Kill,
}

impl Run<'_> {
    /// Runs, takes in every promise that was said, and tells how the child ended.
    pub fn run(&self, promises: &mut Promises) -> Result<ExitStatus, Fault> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("child").arg(self.folder).arg(self.seed.to_string()).arg(self.heights.to_string());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let lines = listen(&mut child)?;
        let heard = self.hear(&lines, &mut child, promises);
        child.kill()?;
        // What it said before it died is still in the pipe.
        while let Ok(line) = lines.recv() {
            take(&line, promises);
        }
        let status = child.wait()?;
        heard.map(|()| status)
    }

    fn hear(
        &self,
        lines: &Receiver<String>,
        child: &mut Child,
        promises: &mut Promises,
    ) -> Result<(), Fault> {
        let mut said = 0;
        loop {
            if let Kill::After(count, delay) = self.kill
                && said >= count
            {
                listen_for(lines, delay, promises);
                return Ok(());
            }
            match lines.recv_timeout(SILENCE_MAX) {
                Ok(line) => said += u64::from(take(&line, promises)),
                Err(RecvTimeoutError::Disconnected) => {
                    child.wait()?;
                    return Ok(());
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Fault::Broken(format!("nothing was said for {SILENCE_MAX:?}")));
                }
            }
        }
    }
}

fn listen(child: &mut Child) -> Result<Receiver<String>, Fault> {
    let out = child.stdout.take().ok_or_else(|| Fault::Broken("no pipe".to_owned()))?;
    let (send, lines) = sync_channel(LINES_MAX);
    std::thread::spawn(move || {
        // A line without an end was not said.
        let mut reader = BufReader::new(out);
        let mut line = String::new();
        while matches!(reader.read_line(&mut line), Ok(1..)) && line.ends_with('\n') {
            if send.send(std::mem::take(&mut line)).is_err() {
                break;
            }
        }
    });
    Ok(lines)
}

fn listen_for(lines: &Receiver<String>, delay: Duration, promises: &mut Promises) {
    let end = Instant::now() + delay;
    while let Ok(line) = lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
        take(&line, promises);
    }
}

fn take(line: &str, promises: &mut Promises) -> bool {
    let promise = Promise::read(line.trim_end());
    promise.into_iter().for_each(|promise| promises.hear(promise));
    promise.is_some()
}
