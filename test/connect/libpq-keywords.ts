/** The keywords of libpq 15 to 18, by what becomes of them. */
export const HARMLESS: readonly string[] =
  `authtype client_encoding connect_timeout gssdelegation gsslib keepalives keepalives_count keepalives_idle
  keepalives_interval krbsrvname max_protocol_version sslcompression tcp_user_timeout tty`.split(/\s+/)
export const REFUSED: readonly string[] =
  `hostaddr require_auth requirepeer sslcrldir scram_client_key scram_server_key sslkeylogfile oauth_issuer
  oauth_client_id oauth_client_secret oauth_scope anything __proto__ constructor toString`.split(/\s+/)
/** One value that is taken, and one that is refused. */
export const ONE_VALUE: Readonly<Record<string, readonly [string, string]>> = {
  channel_binding: ['prefer', 'require'],
  gssencmode: ['disable', 'require'],
  load_balance_hosts: ['disable', 'random'],
  min_protocol_version: ['3.0', '3.2'],
  replication: ['false', 'database'],
  sslcertmode: ['allow', 'require'],
  sslmode: ['prefer', 'always'],
  sslnegotiation: ['postgres', 'canary'],
  sslsni: ['1', '0'],
  target_session_attrs: ['any', 'read-write'],
  ssl_min_protocol_version: ['TLSv1.2', 'canary'],
  port: ['5433', '5433,5434'],
  host: ['one.example', 'one.example,two.example'],
}

/** Each is tried on a real server. */
export const FOLLOWED: readonly string[] = `application_name dbname fallback_application_name options passfile password
  service servicefile ssl_max_protocol_version sslcert sslcrl sslkey sslpassword sslrootcert user`.split(/\s+/)
