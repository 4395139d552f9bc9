/** The same for the embedded engine and for a server, so that both read and write alike. */
export const SETTINGS = {
  output_format_json_quote_64bit_integers: 0,
  date_time_input_format: 'best_effort',
} as const;
