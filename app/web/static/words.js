/** What the customer's page says, by the client's states and reasons and the server's gaps. */

export const WORDS = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  'signed-out': 'Signed out',
}

export const SENTENCES = {
  connecting: 'Opening the connection.',
  live: 'Connected. Notifications appear here the moment they are sent.',
  offline: 'This device is offline. What you miss is kept, and comes as soon as you are back.',
  'signed-out': 'The connection is closed, because nobody is signed in.',
}

export const REASONS = {
  lost: 'The connection was lost and is being opened again. Nothing gets lost: what you miss comes then.',
  silent: 'The server has been silent for too long, so a new connection is being opened.',
  refused: 'The server cannot be reached at the moment.',
  asked: 'Opening a new connection.',
  busy: 'The server is busy and asked to come back in a moment.',
  expired: 'Your sign-in has run out.',
  drain: 'The server is being restarted. The connection comes back in a few seconds.',
}

export const GAPS = {
  pruned: 'Older notifications were no longer in the live history',
  unknown: 'The server could not tell what this page had missed',
}

export const SIGNED_OUT = {
  title: 'You are not signed in',
  text: 'Open the link that you were given, or paste it here. Your notifications are kept until you are back.',
}
