//! `testigo serve`: the public site of an archive.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  testigo serve archive --listen 127.0.0.1:8080")]
pub struct ServeArguments {
    /// The archive; it may be written to at the same time
    pub dir: PathBuf,
    /// Address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub listen: SocketAddr,
}

pub fn run(arguments: &ServeArguments) -> Result<ExitCode> {
    testigo_site::serve(&arguments.dir, arguments.listen)?;
    Ok(ExitCode::SUCCESS)
}
