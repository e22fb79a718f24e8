import type { TargetCheck } from '../../shared/request.ts';
import type { TargetPolicy } from '../network/targets.ts';

/** Judges what a request names before it is accepted. A gateway in the place of COS was named by the operator, whatever the bucket. */
export function judgeTarget(policy: TargetPolicy, { cosEndpoint }: { cosEndpoint: string | null }): TargetCheck {
  return (target) => {
    if (target.kind === 'callback') return policy.judgeHost(target.host);
    return cosEndpoint === null ? policy.judgeHost(`${target.bucket}.cos.${target.region}.myqcloud.com`) : null;
  };
}
