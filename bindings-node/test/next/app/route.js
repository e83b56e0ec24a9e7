import { completeSession } from 'wts-session';

export const dynamic = 'force-dynamic';

export async function GET() {
  const { success } = await completeSession('session_12345');
  return Response.json({ success });
}
