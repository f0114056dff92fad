fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(directory), Some(listen)) = (arguments.next(), arguments.next()) else { return };
    if let Err(error) = testigo_site::serve(directory.as_ref(), listen.parse().expect("address")) {
        eprintln!("{error}");
    }
}
